// Bills: the list, one with every charge, its document, and the way to the gateway's form.
import { At, Button, Dialog, Empty, Failed, Loading, Read, Status, Title, Won, html, useEffect, useRef, useState } from "./ui.js";
import { getBlob } from "./api.js";
import { month, number, phone } from "./format.js";
import { named, t } from "./text.js";
import { go, to } from "./route.js";
import { loadSettings } from "./session.js";
import { useLive } from "./live.js";

/** Whether something is to be paid. */
export const isDue = (bill) => bill.outstanding > 0 && (bill.status === "issued" || bill.status === "partially_paid");

/** Bills by usage month, the newest first. */
export const newestFirst = (bills) => bills.toSorted((a, b) => b.usageMonth.localeCompare(a.usageMonth) || b.billId.localeCompare(a.billId));

export function Bills({ page }) {
  return html`
    <${Title}>${t("nav.bills")}<//>
    <${Read} from=${page}>${({ bills }) => bills.length === 0 ? html`<${Empty}>${t("bills.empty")}<//>` : html`
      <ul class="list card">${newestFirst(bills).map((bill) => html`
        <li key=${bill.billId}><a class="item" href=${to("bills", bill.billId)}>
          <span class="main"><strong>${month(bill.usageMonth)}</strong>
            <span class="sub">${bill.number && phone(bill.number)} · ${t("due.until")} <${At} at=${bill.dueDate} /></span></span>
          <span class="end"><${Won} amount=${bill.amount} /><${Status} family="bill_status" status=${bill.status} /></span></a></li>`)}
      </ul>`}<//>`;
}

/** A plain number as the language writes it. */
const readable = (text) => (/^\d+(\.\d+)?$/.test(text ?? "") ? number(Number(text)) : text);

/** How an amount follows, in the reader's words. */
function rule(text) {
  const patterns = [
    [/^days (\d+)\/(\d+)(?: from (\S+))?$/, "rule.days"],
    [/^included (\S+)\/(\S+)$/, "rule.included"],
    [/^late usage of (\S+?)(, unlimited)?$/, "rule.late"],
    [/^(\d+)% of monthly_fee$/, "rule.discount"],
    [/^vat (\d+)%$/, "rule.vat"],
    [/^unit rate$/, "rule.rate"],
    [/^unlimited$/, "rule.unlimited"],
    [/^cut to 10 won$/, "rule.cut"],
  ];
  for (const [pattern, name] of patterns) {
    const found = pattern.exec(text);
    if (found) return t(name, { a: readable(found[1]), b: readable(found[2]) });
  }
  return text;
}

/** How much was used, where that says something. */
const used = (line) => (["month", "won"].includes(line.unit) ? "" : `${number(line.quantity)}${t(`unit.${line.unit}`)}`);

function Charges({ bill }) {
  const most = Math.max(1, ...bill.lines.map((line) => Math.abs(line.amount)));
  return html`
    <table class="charges">
      <caption class="hidden">${t("bill.charges")}</caption>
      <thead><tr><th scope="col">${t("bill.charge")}</th><th scope="col" class="number quantity">${t("bill.quantity")}</th><th scope="col" class="number">${t("bill.amount")}</th></tr></thead>
      <tbody>${bill.lines.map((line, index) => html`
        <tr key=${index}>
          <th scope="row">${named("charge", line.code)}<span class="sub">${used(line) && html`<span class="narrow">${used(line)} · </span>`}${rule(line.rule)}</span>
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class=${line.amount < 0 ? "less" : "more"}
              width=${(Math.abs(line.amount) / most) * 100} height="4" rx="1" /></svg></th>
          <td class="number quantity">${used(line)}</td>
          <td class="number"><${Won} amount=${line.amount} /></td>
        </tr>`)}</tbody>
      <tfoot><tr><th scope="row">${t("bill.total")}</th><td class="quantity"></td><td class="number"><${Won} amount=${bill.amount} /></td></tr></tfoot>
    </table>`;
}

/** A document in parts: its styles, in words for a part of a page, and what they are for. */
function takeApart(text) {
  const styles = [];
  // Taken out before it is read: the page's policy has no inline styles, not even in a document that is not shown.
  const bare = text.replaceAll(/<style>([^]*?)<\/style>/g, (_, style) => {
    styles.push(style.replaceAll(/(^|[\s,}])(?::root|html|body)(?=[\s,{])/g, "$1:host").replaceAll(/(^|[\s,}])main(?=[\s,{])/g, "$1.main"));
    return "";
  });
  const read = new DOMParser().parseFromString(bare, "text/html");
  for (const script of read.querySelectorAll("script")) script.remove();
  const body = document.createElement("div");
  body.className = "main";
  // The page has its own `main`.
  body.append(...(read.querySelector("main") ?? read.body).childNodes);
  return { styles, body };
}

/** The document with its own styles, apart from the page's. */
function Sheet({ text }) {
  const box = useRef(null);
  useEffect(() => {
    const { styles, body } = takeApart(text);
    const root = box.current.shadowRoot ?? box.current.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = styles.map((style) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      return sheet;
    });
    root.replaceChildren(body);
  }, [text]);
  return html`<div class="sheet" ref=${box} tabIndex="0" role="region" aria-label=${t("document.title")}></div>`;
}

/** Hands a file to the browser, to be kept. */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Document({ bill }) {
  const path = `/api/bills/${bill.billId}/document`;
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(null);
  const attempt = async (work) => {
    setFailed(null);
    try {
      return await work();
    } catch (error) {
      setFailed(error);
      return undefined;
    }
  };
  const show = () => {
    setOpen(true);
    return attempt(async () => setText(await (await getBlob(path)).text()));
  };
  const savePdf = async () => {
    setBusy(true);
    await attempt(async () => save(await getBlob(`${path}?format=pdf`), `bill-${bill.usageMonth}.pdf`));
    setBusy(false);
  };
  const showPdf = async () => {
    // Opened while the click lasts: browsers keep a page from opening one later.
    const tab = window.open();
    if (!tab) return savePdf();
    setBusy(true);
    // Kept for as long as this page is, so that the new one can be loaded again.
    const url = await attempt(async () => URL.createObjectURL(await getBlob(`${path}?format=pdf`)));
    setBusy(false);
    if (url) tab.location.replace(url);
    else tab.close();
    return undefined;
  };
  return html`
    <${Button} onClick=${show}>${t("document.show")}<//>
    <${Dialog} wide open=${open} close=${() => setOpen(false)} title=${t("document.title")}>
      ${failed && html`<${Failed} error=${failed} retry=${show} />`}
      ${!failed && text === null && html`<${Loading} lines=${6} />`}
      ${text !== null && html`
        <${Sheet} text=${text} />
        <p class="actions"><${Button} kind="primary" busy=${busy} onClick=${savePdf}>${t("document.save_pdf")}<//>
          <${Button} busy=${busy} onClick=${showPdf}>${t("document.show_pdf")}<//>
          <${Button} onClick=${() => save(new Blob([text], { type: "text/html" }), `bill-${bill.usageMonth}.html`)}>${t("document.save")}<//></p>`}
    <//>`;
}

/** Wishes to pay, by the order id that the gateway knows; they outlive the way to its form and back. */
const KEPT = "payments";
export const wishes = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
export function keep(order, wish) {
  sessionStorage.setItem(KEPT, JSON.stringify({ ...wishes(), [order]: wish }));
}

/** Back from the gateway's form: what it says belongs to the wish, not to the address. */
export function takeUpPayment() {
  const said = new URLSearchParams(location.search);
  const order = said.get("orderId");
  const wish = wishes()[order];
  if (!order || !wish) return;
  const paymentKey = said.get("paymentKey");
  const fits = Number(said.get("amount")) === wish.amount;
  keep(order, paymentKey && fits ? { ...wish, paymentKey } : { ...wish, refused: said.get("code") ?? "amount" });
  history.replaceState(null, "", location.pathname + to("pay", order));
}

async function script(source) {
  const element = document.createElement("script");
  element.src = source;
  const loaded = new Promise((done, fail) => Object.assign(element, { onload: done, onerror: fail }));
  document.head.append(element);
  await loaded;
  return window.TossPayments;
}

/** Opens the gateway's form for all that is due on a bill. */
async function toForm(bill) {
  const { gateway } = await loadSettings();
  if (!gateway) throw new Error("no gateway");
  const TossPayments = window.TossPayments ?? (await script(gateway.sdk));
  // The gateway wants another order id for each try; 64 characters at most.
  const order = `${bill.billId}-${crypto.randomUUID().slice(0, 8)}`;
  keep(order, { billId: bill.billId, amount: bill.outstanding, key: crypto.randomUUID() });
  const here = location.origin + location.pathname;
  await TossPayments(gateway.clientKey).payment({ customerKey: TossPayments.ANONYMOUS }).requestPayment({
    method: "CARD",
    amount: { currency: "KRW", value: bill.outstanding },
    orderId: order,
    orderName: t("pay.order", { month: month(bill.usageMonth) }),
    successUrl: here,
    failUrl: here,
  });
}

function PayButton({ bill }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const pay = async () => {
    setBusy(true);
    setFailed(false);
    try {
      await toForm(bill);
    } catch {
      setFailed(true);
      setBusy(false);
    }
  };
  return html`
    ${failed && html`<div class="failed" role="alert"><p>${t("pay.no_form")}</p></div>`}
    <${Button} kind="primary large" busy=${busy} onClick=${pay}>${t("pay.button")} <${Won} amount=${bill.outstanding} /><//>`;
}

export function Bill({ id }) {
  const from = useLive(`/api/bills/${id}`);
  return html`
    <p class="back"><a href="#/bills">${t("nav.bills")}</a></p>
    <${Read} from=${from} lines=${8}>${(bill) => html`
      <header class="heading"><${Title}>${t("bill.title", { month: month(bill.usageMonth) })}<//><${Status} family="bill_status" status=${bill.status} /></header>
      <section class="card bill">
        <p class="sum"><${Won} amount=${isDue(bill) ? bill.outstanding : bill.amount} /></p>
        <dl class="facts">
          ${bill.number && html`<div><dt>${t("bill.line")}</dt><dd><a href=${to("lines", bill.orderId)}>${phone(bill.number)}</a></dd></div>`}
          <div><dt>${t("bill.issued")}</dt><dd><${At} at=${bill.issuedAt} /></dd></div>
          <div><dt>${t("bill.due")}</dt><dd><${At} at=${bill.dueDate} /></dd></div>
          ${bill.paid > 0 && html`<div><dt>${t("bill.paid")}</dt><dd><${Won} amount=${bill.paid} /></dd></div>`}
        </dl>
        <div class="actions">${isDue(bill) && html`<${PayButton} bill=${bill} />`}<${Document} bill=${bill} /></div>
      </section>
      <section class="card"><h2>${t("bill.charges")}</h2><${Charges} bill=${bill} /></section>`}<//>`;
}

/** Back to the bill of a wish. */
export const backToBill = (wish) => go(to("bills", wish.billId));
