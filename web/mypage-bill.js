// Bills: the list, one of them, and the way to the gateway's form.
import { At, Button, Choice, Empty, Read, Tel, Title, Won, html, useState } from "./ui.js";
import { BillDetail, BillStatus, billName, checked, isDue, newestFirst, payable } from "./bill.js";
import { month } from "./format.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { loadSettings } from "./session.js";
import { useLive } from "./live.js";

/** The bills, or those `only` that can be paid now. */
export function Bills({ page, only }) {
  const choices = [["#/bills", t("bills.all"), undefined], ["#/bills/due", t("bills.due"), "due"]];
  return html`
    <${Title}>${t("nav.bills")}<//>
    <${Read} from=${page}>${({ bills, payments }) => {
      const shown = only === "due" ? payable(bills, payments) : newestFirst(bills);
      if (bills.length === 0) return html`<${Empty}>${t("bills.empty")}<//>`;
      return html`
        <${Choice} label=${t("filter")} chosen=${only} choices=${choices} />
        ${shown.length === 0 ? html`<${Empty}>${t("bills.none_due")}<//>` : html`<ul class="list card">${shown.map((bill) => html`
          <li key=${bill.billId}><a class="item" href=${to("bills", bill.billId)}>
            <span class="main"><strong>${billName(bill)}</strong>
              ${bill.number && html`<span class="sub"><${Tel} line=${bill} /></span>`}
              ${bill.amount > 0 && html`<span class="sub">${t("due.until")} <${At} at=${bill.dueDate} /></span>`}</span>
            <span class="end"><${Won} amount=${bill.amount} /><${BillStatus} bill=${bill} payments=${payments} /></span></a></li>`)}</ul>`}`;
    }}<//>`;
}

/** Wishes to pay, by the order id that the gateway knows; they outlive the way to its form and back. */
const KEPT = "payments";
export const wishes = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
export function keep(order, wish) {
  sessionStorage.setItem(KEPT, JSON.stringify({ ...wishes(), [order]: wish }));
}

/** What the gateway says of a form that its customer left. */
const LEFT = new Set(["PAY_PROCESS_CANCELED", "USER_CANCEL"]);

/** What came of a form without a payment: it was left, or it did not go through. */
export const FormOver = ({ code }) => (LEFT.has(code) ? html`<p class="note" role="status">${t("pay.form_left")}</p>`
  : html`<div class="failed" role="alert"><p>${t("pay.form_failed")}</p></div>`);

/** The order that the gateway speaks of: of a form that was left, it says no order, so it is the last one. */
function orderOf(said) {
  // A sign-in comes back with a code as well.
  if (said.has("orderId") || !said.has("code") || said.has("state")) return said.get("orderId");
  const [order, wish] = Object.entries(wishes()).at(-1) ?? [];
  return wish?.paymentKey ? null : order;
}

/** Back from the gateway's form: what it says belongs to the wish, not to the address. */
export function takeUpPayment() {
  const said = new URLSearchParams(location.search);
  const order = orderOf(said);
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

/** Opens the gateway's form, unless that has to `wait`; `name` is what the button says when it is not the first time. */
export function PayButton({ bill, wait, name = t("pay.button") }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(null);
  const pay = async () => {
    setBusy(true);
    setFailed(null);
    try {
      await toForm(bill);
    } catch (error) {
      setFailed(error);
      setBusy(false);
    }
  };
  // Where the form is a window in front of the page, the gateway does not come back to say that it was closed.
  const trouble = LEFT.has(failed?.code) ? html`<${FormOver} code=${failed.code} />`
    : failed && html`<div class="failed" role="alert"><p>${t("pay.no_form")}</p></div>`;
  return html`
    ${trouble}
    <${Button} kind="primary large" busy=${busy || wait} onClick=${pay}>${name} <${Won} amount=${bill.outstanding} /><//>`;
}

/**
 * The way to pay, once; while a payment is being checked, the way to that. Until the payments are known, its place is
 * kept: nothing that somebody is about to press moves.
 */
function Payable({ bill, payments }) {
  const payment = payments && checked(bill, payments);
  return payment
    ? html`<a class="button primary large" href=${to("payments", payment.paymentId)}>${t("pay.see_checked")}</a>`
    : html`<${PayButton} bill=${bill} wait=${!payments} />`;
}

export function Bill({ id, page }) {
  const from = useLive(`/api/bills/${id}`);
  // Without the page it is not known whether a payment is being checked; then the API says so.
  const payments = page.data?.payments ?? (page.error && []);
  return html`
    <p class="back"><a href="#/bills">${t("nav.bills")}</a></p>
    <${Read} whole from=${from} lines=${8}>${(bill) => html`
      <${BillDetail} bill=${bill} payments=${payments || []} line=${to("lines", bill.orderId)}>${isDue(bill) && html`<${Payable} bill=${bill} payments=${payments} />`}<//>`}<//>`;
}
