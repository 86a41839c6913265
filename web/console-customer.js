// What a customer has, as an operator sees it who talks to one.
import { At, Button, Dialog, Empty, Failed, Read, Status, Tel, Title, Won, announce, html } from "./ui.js";
import { BillDetail, BillStatus, beingChecked, billName, billTitle, dueOf, isOverdue, lastYear, latestFirst, newestFirst, payable } from "./bill.js";
import { Months } from "./charts.js";
import { PaymentDetail } from "./payment.js";
import { activeSince, lineName, moment, number } from "./format.js";
import { useQuestion, withCustomer } from "./api.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";
import { usePlanNames } from "./plans.js";

/** Where a customer is in the console, and what the customer has. */
export const at = (customer, ...what) => to("search", customer, ...what);

/** Suspends a line, when that is meant, or resumes it. */
function Switch({ line, customer, refresh }) {
  const { asked, failed, busy, ask, leave, send } = useQuestion();
  const called = { customer, number: lineName(line) };
  const change = async (how) => {
    if (!(await send(withCustomer(`/api/orders/${line.orderId}/${how}`, customer), {}))) return;
    announce(t(`search.changed.${how}`, called));
    leave();
    refresh();
  };
  if (line.status !== "active" && line.status !== "suspended") return null;
  const trouble = failed && html`<${Failed} error=${failed} />`;
  return html`${asked === null && trouble}
    ${line.status === "active" ? html`<${Button} kind="small" onClick=${() => ask()}>${t("search.suspend")}<//>`
      : html`<${Button} kind="small" busy=${busy} onClick=${() => change("resumption")}>${t("search.resume")}<//>`}
    <${Dialog} open=${asked !== null} close=${leave} title=${t("search.suspend")}>
      <p>${t("search.suspend.question", called)}</p>${trouble}
      <p class="actions"><${Button} onClick=${leave}>${t("keep")}<//>
        <${Button} kind="danger solid" busy=${busy} onClick=${() => change("suspension")}>${t("search.suspend")}<//></p><//>`;
}

const Line = ({ line, plan, customer, refresh }) => html`
  <div class="item">
    <span class="main"><strong><${Tel} line=${line} /></strong> <${Status} family="order_status" status=${line.status} />
      <span class="sub">${plan}</span>
      ${activeSince(line) && html`<span class="sub">${t("line.since")} <${At} at=${activeSince(line)} /></span>`}
      <span class="sub"><a href=${to("sagas", `open-${line.orderId}`)}>${t("search.see.saga")}</a>${line.history
        .filter((entry) => entry.status === "terminating")
        .map((_, index) => html` · <a href=${to("sagas", `close-${line.orderId}-${index + 1}`)}>${t("kind.close_line")}</a>`)}</span></span>
    <${Switch} line=${line} customer=${customer} refresh=${refresh} /></div>`;

const BillLine = ({ bill, payments, customer }) => html`
  <a class="item" href=${at(customer, "bills", bill.billId)}>
    <span class="main"><strong>${billName(bill)}</strong><span class="sub">${bill.number && html`<${Tel} line=${bill} />`}</span></span>
    <span class="end"><${Won} amount=${bill.amount} /><${BillStatus} bill=${bill} payments=${payments} /></span></a>`;

const PaymentLine = ({ payment, customer }) => html`
  <a class="item" href=${at(customer, "payments", payment.paymentId)}>
    <span class="main"><strong><${Won} amount=${payment.amount} /></strong><span class="sub">${billTitle(payment.billId)}</span>
      <span class="sub"><${At} at=${payment.history[0].at} as=${moment} /></span></span>
    <${Status} family="payment_status" status=${payment.status} /></a>`;

/** What the caller will ask first: what is due, until when, for how many lines. */
function Sums({ lines, bills, payments, customer }) {
  const due = payable(bills, payments);
  const waiting = beingChecked(bills, payments);
  const held = lines.filter((line) => line.status !== "terminated" && line.status !== "rejected");
  return html`<section class="card wide"><dl class="facts">
    <div><dt>${t("search.due")}</dt><dd class="big"><${Won} amount=${dueOf(due)} /></dd>
      ${waiting.length > 0 && html`<dd class="sub"><a href=${at(customer, "payments", waiting[0].paymentId)}>${t("due.checked", { count: waiting.length })}</a></dd>`}</div>
    <div><dt>${t("search.first_due")}</dt><dd class="big ${due.some(isOverdue) ? "late" : ""}">${due.length > 0 ? html`<${At} at=${due[0].dueDate} />` : t("today.none")}</dd></div>
    <div><dt>${t("search.lines")}</dt><dd class="big">${t("today.lines", { count: number(held.length) })}</dd></div>
  </dl></section>`;
}

/** A customer's lines, bills and payments. */
export function Customer({ id }) {
  const from = useLive(withCustomer("/api/mypage", id), { quickest: 3_000 });
  const plan = usePlanNames();
  return html`
    <${Read} from=${from}>${({ lines, bills, payments }) => html`
      <div class="columns">
        <${Sums} lines=${lines} bills=${bills} payments=${payments} customer=${id} />
        <section class="card"><h2>${t("nav.lines")}</h2>${lines.length === 0 ? html`<${Empty}>${t("lines.empty")}<//>` : html`
          <ul class="list">${lines.map((line) => html`<li key=${line.orderId}><${Line} line=${line} plan=${plan(line.plan)} customer=${id} refresh=${from.refresh} /></li>`)}</ul>`}</section>
        <section class="card"><h2>${t("nav.bills")}</h2>${bills.length === 0 ? html`<${Empty}>${t("bills.empty")}<//>` : html`
          <ul class="list">${newestFirst(bills).map((bill) => html`<li key=${bill.billId}><${BillLine} bill=${bill} payments=${payments} customer=${id} /></li>`)}</ul>`}</section>
        <section class="card"><h2>${t("nav.payments")}</h2>${payments.length === 0 ? html`<${Empty}>${t("payments.empty")}<//>` : html`
          <ul class="list">${latestFirst(payments).map((payment) => html`<li key=${payment.paymentId}><${PaymentLine} payment=${payment} customer=${id} /></li>`)}</ul>`}</section>
        ${bills.length > 0 && html`<section class="card wide"><${Months} bars=${lastYear(bills)} title=${t("chart.title")} /></section>`}
      </div>`}<//>`;
}

const Back = ({ customer }) => html`<p class="back"><a href=${at(customer)}>${customer}</a></p>`;

/** A customer's page of its own. */
export const CustomerPage = ({ id }) => html`
  <p class="back"><a href="#/search">${t("nav.search")}</a></p>
  <${Title}>${id}<//>
  <${Customer} id=${id} />`;

/** A customer's bill, with every charge and its document. */
export function CustomerBill({ customer, id }) {
  const from = useLive(withCustomer(`/api/bills/${encodeURIComponent(id)}`, customer));
  const { data } = useLive(withCustomer("/api/mypage", customer), { quickest: 3_000 });
  return html`
    <${Back} customer=${customer} />
    <${Read} whole from=${from} lines=${8}>${(bill) => html`<${BillDetail} bill=${bill} payments=${data?.payments} whose=${customer} />`}<//>`;
}

/** A customer's payment: its sagas, and its cancellation when the customer asks for it. */
export function CustomerPayment({ customer, id }) {
  const from = useLive(withCustomer(`/api/payments/${encodeURIComponent(id)}`, customer));
  return html`
    <${Back} customer=${customer} />
    <${Read} whole from=${from} lines=${5}>${(payment) => html`
      <${PaymentDetail} payment=${payment} whose=${customer} bill=${at(customer, "bills", payment.billId)} done=${from.refresh}>
        <div><dt>${t("search.sagas")}</dt><dd><a href=${to("sagas", `pay-${payment.paymentId}`)}>${t("kind.pay_bill")}</a>${payment.history
          .filter((entry) => entry.status === "cancelling")
          .map((_, index) => html` · <a href=${to("sagas", `cancel-${payment.paymentId}-${index + 1}`)}>${t("kind.cancel_payment")}</a>`)}</dd></div>
      <//>`}<//>`;
}
