// A bill, for the customer and for the operator who talks to one: what it comes to, every charge, and its document.
import { At, Button, Dialog, Failed, Loading, Status, Tel, Title, Won, html, save, useLayoutEffect, useRef, useState } from "./ui.js";
import { getBlob, withCustomer } from "./api.js";
import { month, months, number, price, today, yearTo } from "./format.js";
import { named, t } from "./text.js";

/** Whether something is to be paid. */
export const isDue = (bill) => bill.outstanding > 0 && (bill.status === "issued" || bill.status === "partially_paid");

/** What is due of these bills together. */
export const dueOf = (bills) => bills.reduce((sum, bill) => sum + bill.outstanding, 0);

/** Where a payment may have taken money that its bill does not have yet. */
const BEING_CHECKED = new Set(["pending", "unknown", "captured"]);

/** The payment of a bill that is being checked, if there is one: until it is over, the bill is not to be paid again. */
export const checked = (bill, payments) =>
  payments.find((payment) => payment.billId === bill.billId && BEING_CHECKED.has(payment.status));

/** The payments for which bills wait with what is due of them. */
export const beingChecked = (bills, payments) => bills.filter(isDue).map((bill) => checked(bill, payments)).filter(Boolean);

/** Whether its due date is over, and it is not paid. */
export const isOverdue = (bill) => isDue(bill) && bill.dueDate < today();

/** What can be paid now, the most urgent first. */
export const payable = (bills, payments) => bills.filter((bill) => isDue(bill) && !checked(bill, payments))
  .toSorted((a, b) => a.dueDate.localeCompare(b.dueDate) || a.billId.localeCompare(b.billId));

/** The bill of a line that was closed. */
export const isFinal = (id) => id.includes("-final");

/** What a bill is called, by its id: that begins with its month. */
export const billTitle = (id) => t(isFinal(id) ? "bill.final" : "bill.title", { month: month(`${id.slice(0, 4)}-${id.slice(4, 6)}`) });

/** What a bill is called among others: by its month, as long as that says enough. */
export const billName = (bill) => (isFinal(bill.billId) ? billTitle(bill.billId) : month(bill.usageMonth));

/** Where a bill stands, for who is to pay it: more than its status says. */
export function BillStatus({ bill, payments = [] }) {
  const says = (tone, name) => html`<span class="chip ${tone}">${t(name)}</span>`;
  if (isDue(bill) && checked(bill, payments)) return says("wait", "bill.checked");
  if (isOverdue(bill)) return says("bad", "bill.overdue");
  if (bill.status === "settled" && bill.amount === 0) return says("", "bill.nothing");
  return html`<${Status} family="bill_status" status=${bill.status} />`;
}

/** Bills by usage month, the newest first. */
export const newestFirst = (bills) => bills.toSorted((a, b) => b.usageMonth.localeCompare(a.usageMonth) || b.billId.localeCompare(a.billId));

/** What can be paid, and behind it the others. */
export function dueFirst(bills, payments) {
  const due = payable(bills, payments);
  return [...due, ...newestFirst(bills.filter((bill) => !due.includes(bill)))];
}

/** Payments, the newest first. Their ids begin with those of their bills, so the order of ids is not that of times. */
export const latestFirst = (payments) => payments.toSorted((a, b) => Date.parse(b.history[0].at) - Date.parse(a.history[0].at));

/** What was billed and is due in each of twelve months, over all lines: up to the last one that is over, or to a later bill. */
export function lastYear(bills) {
  const shown = bills.filter((bill) => bill.status !== "voided" && bill.status !== "on_hold");
  const newest = shown.reduce((last, bill) => (bill.usageMonth > last ? bill.usageMonth : last), months(2)[1]);
  return yearTo(newest).map((name) => {
    const its = shown.filter((bill) => bill.usageMonth === name);
    const sum = (member) => its.reduce((total, bill) => total + bill[member], 0);
    return { month: name, amount: sum("amount"), outstanding: sum("outstanding") };
  });
}

/** A plain number as the language writes it. */
const readable = (text) => (/^\d+(\.\d+)?$/.test(text ?? "") ? number(Number(text)) : text);

/** What one of a unit costs. */
const rateOf = ({ rate, unit }) => t(`rate.${unit}`, { price: price(rate) });

/** How an amount follows, in the reader's words. */
function rule(line) {
  const unit = t(`unit.${line.unit}`);
  const patterns = [
    [/^days (\d+)\/(\d+)(?: from \S+)?$/, "rule.days"],
    [/^taken back (\S+)\/(\S+)$/, "rule.taken_back"],
    [/^(\d+)% of monthly_fee$/, "rule.discount"],
    [/^(\d+)% of monthly_fee until (\S+)$/, "rule.discount_until"],
    [/^vat (\d+)%$/, "rule.vat"],
    [/^unlimited$/, "rule.unlimited"],
    [/^cut to 10 won$/, "rule.cut"],
  ];
  for (const [pattern, name] of patterns) {
    const found = pattern.exec(line.rule);
    if (found) return t(name, { a: readable(found[1]), b: readable(found[2]), unit });
  }
  if (line.rule === "unit rate") return rateOf(line);
  const [, part, all] = /^included (\S+)\/(\S+)$/.exec(line.rule) ?? [];
  const over = line.quantity - Number(part);
  if (part) return t(over > 0 ? "rule.over" : "rule.included", { a: readable(part), b: readable(all), over: number(over), unit, price: price(line.rate) });
  const [, of, free] = /^late usage of (\d{4}-\d{2})(, unlimited)?$/.exec(line.rule) ?? [];
  if (of) return `${t("rule.late", { month: month(of) })} · ${free ? t("rule.unlimited") : rateOf(line)}`;
  return line.rule;
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
          <th scope="row">${named("charge", line.code)}<span class="sub">${used(line) && html`<span class="narrow">${used(line)} · </span>`}${rule(line)}</span>
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
  useLayoutEffect(() => {
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

/** The bill as a document, to be looked at and kept; an operator says `whose` it is. */
function Document({ bill, whose }) {
  const path = (format = "html") => withCustomer(`/api/bills/${bill.billId}/document?format=${format}`, whose);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(null);
  /** Does the work of what can be done `again` when it fails. */
  const attempt = async (again, work) => {
    setFailed(null);
    try {
      return await work();
    } catch (error) {
      setFailed({ error, again });
      return undefined;
    }
  };
  const show = () => {
    setOpen(true);
    return attempt(show, async () => setText(await (await getBlob(path())).text()));
  };
  const savePdf = async () => {
    setBusy(true);
    await attempt(savePdf, async () => save(await getBlob(path("pdf")), `bill-${bill.usageMonth}.pdf`));
    setBusy(false);
  };
  const showPdf = async () => {
    // Opened while the click lasts: browsers keep a page from opening one later.
    const tab = window.open();
    if (!tab) return savePdf();
    setBusy(true);
    // Kept for as long as this page is, so that the new one can be loaded again.
    const url = await attempt(showPdf, async () => URL.createObjectURL(await getBlob(path("pdf"))));
    setBusy(false);
    if (url) tab.location.replace(url);
    else tab.close();
    return undefined;
  };
  return html`
    <${Button} onClick=${show}>${t("document.show")}<//>
    <${Dialog} wide open=${open} close=${() => setOpen(false)} title=${t("document.title")}>
      ${failed && html`<${Failed} error=${failed.error} retry=${failed.again} />`}
      ${!failed && text === null && html`<${Loading} lines=${6} />`}
      ${text !== null && html`
        <${Sheet} text=${text} />
        <p class="actions"><${Button} kind="primary" busy=${busy} onClick=${savePdf}>${t("document.save_pdf")}<//>
          <${Button} busy=${busy} onClick=${showPdf}>${t("document.show_pdf")}<//>
          <${Button} onClick=${() => save(new Blob([text], { type: "text/html" }), `bill-${bill.usageMonth}.html`)}>${t("document.save")}<//></p>`}
    <//>`;
}

/** All of a bill. `line` leads to its line; what can be done with it is said in between. `payments` are the customer's. */
export function BillDetail({ bill, payments, whose, line, children }) {
  const name = bill.number && html`<${Tel} line=${bill} />`;
  return html`
    <header class="heading"><${Title}>${billTitle(bill.billId)}<//><${BillStatus} bill=${bill} payments=${payments} /></header>
    <section class="card bill">
      <p class="sum"><${Won} amount=${isDue(bill) ? bill.outstanding : bill.amount} /></p>
      <dl class="facts">
        ${name && html`<div><dt>${t("bill.line")}</dt><dd>${line ? html`<a href=${line}>${name}</a>` : name}</dd></div>`}
        ${bill.contract && html`<div><dt>${t("bill.contract")}</dt><dd><${At} at=${bill.contract.from} /> ~ <${At} at=${bill.contract.to} />
          <p class="sub">${t("bill.contract.early")}</p></dd></div>`}
        <div><dt>${t("bill.issued")}</dt><dd><${At} at=${bill.issuedAt} /></dd></div>
        ${bill.amount > 0 && html`<div><dt>${t("bill.due")}</dt><dd class=${isOverdue(bill) ? "late" : ""}><${At} at=${bill.dueDate} /></dd></div>`}
        ${bill.paid > 0 && html`<div><dt>${t("bill.paid")}</dt><dd><${Won} amount=${bill.paid} /></dd></div>`}
      </dl>
      <div class="actions">${children}<${Document} bill=${bill} whose=${whose} /></div>
    </section>
    <section class="card"><h2>${t("bill.charges")}</h2><${Charges} bill=${bill} /></section>`;
}
