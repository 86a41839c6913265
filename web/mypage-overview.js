// The first page: what is due, the last twelve months, and what is going on.
import { At, Empty, Read, Status, Tel, Title, Won, html } from "./ui.js";
import { Months } from "./charts.js";
import { usePlanNames } from "./plans.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { BillStatus, beingChecked, billName, dueFirst, dueOf, isOverdue, lastYear, latestFirst, payable } from "./bill.js";

function Due({ bills, payments }) {
  const waiting = beingChecked(bills, payments);
  const due = payable(bills, payments);
  const [first] = due;
  const others = waiting.length > 0 && html`<p class="sub"><a href=${to("payments", waiting[0].paymentId)}>${
    t("due.checked", { count: waiting.length })}</a></p>`;
  if (!first) {
    return html`<section class="hero calm"><p class="label">${t("due.title")}</p>
      <p class="sum"><${Won} amount=${0} /></p>${others || html`<p class="sub">${t("due.nothing")}</p>`}</section>`;
  }
  return html`
    <section class="hero">
      <div><p class="label">${t("due.title")}</p>
        <p class="sum"><${Won} amount=${dueOf(due)} /></p>
        <p class="sub until">${isOverdue(first) ? html`<span class="chip bad">${t("due.late")} · <${At} at=${first.dueDate} /></span>`
          : html`<span>${t("due.until")} <${At} at=${first.dueDate} /></span>`}${due.length > 1 && html`<span>${t("due.bills", { count: due.length })}</span>`}</p>${others}</div>
      ${due.length > 1 ? html`<a class="button primary large" href="#/bills/due">${t("due.list")}</a>`
        : html`<a class="button primary large" href=${to("bills", first.billId)}>${t("due.pay")}</a>`}
    </section>`;
}

const LineCard = ({ line, plan }) => html`
  <li><a class="item" href=${to("lines", line.orderId)}>
    <span class="main"><strong><${Tel} line=${line} /></strong><span class="sub">${plan}</span></span>
    <${Status} family="order_status" status=${line.status} /></a></li>`;

/** A list with its heading and a link to all of it. */
function Latest({ title, all, items, empty, action, children }) {
  return html`<section class="card">
    <header><h2>${title}</h2>${items.length > 0 && html`<a href=${all}>${t("all")}<span class="hidden"> ${title}</span></a>`}</header>
    ${items.length === 0 ? html`<${Empty} action=${action}>${empty}<//>` : html`<ul class="list">${items.map(children)}</ul>`}
  </section>`;
}

export function Overview({ page }) {
  const name = usePlanNames();
  return html`
    <${Title}>${t("nav.home")}<//>
    <${Read} from=${page} lines=${6}>${({ lines, bills, payments }) => html`
      ${lines.every((line) => line.status === "rejected") ? html`<section class="hero calm"><div><p class="label">${t("first.title")}</p><p class="sub">${t("first.text")}</p></div>
          <a class="button primary large" href="#/open">${t("open.link")}</a></section>`
        : html`<${Due} bills=${bills} payments=${payments} />`}
      <div class="columns">
        ${bills.length > 0 && html`<section class="card wide"><${Months} bars=${lastYear(bills)} title=${t("chart.title")} /></section>`}
        <${Latest} title=${t("nav.lines")} all="#/lines" items=${lines.filter((line) => line.status !== "rejected").toReversed().slice(0, 3)} empty=${t("lines.empty")}
          action=${html`<a href="#/open">${t("open.link")}</a>`}>
          ${(line) => html`<${LineCard} key=${line.orderId} line=${line} plan=${name(line.plan)} />`}
        <//>
        <${Latest} title=${t("nav.bills")} all="#/bills" items=${dueFirst(bills, payments).slice(0, 3)} empty=${t("bills.empty")}>
          ${(bill) => html`<li key=${bill.billId}><a class="item" href=${to("bills", bill.billId)}>
            <span class="main"><strong>${billName(bill)}</strong><span class="sub">${bill.number && html`<${Tel} line=${bill} />`} <${BillStatus} bill=${bill} payments=${payments} /></span></span>
            <${Won} amount=${bill.amount} /></a></li>`}
        <//>
        <${Latest} title=${t("nav.payments")} all="#/payments" items=${latestFirst(payments).slice(0, 3)} empty=${t("payments.empty")}>
          ${(payment) => html`<li key=${payment.paymentId}><a class="item" href=${to("payments", payment.paymentId)}>
            <span class="main"><strong><${Won} amount=${payment.amount} /></strong><span class="sub"><${At} at=${payment.history[0].at} /></span></span>
            <${Status} family="payment_status" status=${payment.status} /></a></li>`}
        <//>
      </div>`}
    <//>`;
}
