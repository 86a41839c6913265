// Payments: paying after the gateway's form, and the history.
import { At, Empty, Failed, Loading, Read, Status, Title, Won, html, useEffect, useState } from "./ui.js";
import { PaymentDetail } from "./payment.js";
import { Progress } from "./saga.js";
import { post } from "./api.js";
import { moment, month } from "./format.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";
import { keep, wishes } from "./mypage-bill.js";

/** Payments under way, so that drawing a page again asks for none twice. */
const underWay = new Map();

/** Pays: one wish has one key, so it is one payment however often this is asked for. */
function pay(order, wish) {
  if (!underWay.has(order)) {
    const request = post("/api/payments", { billId: wish.billId, amount: wish.amount, paymentKey: wish.paymentKey }, wish.key);
    underWay.set(order, request);
    request.then((answer) => keep(order, { ...wish, answer }), () => underWay.delete(order));
  }
  return underWay.get(order);
}

/** What became of the wish to pay that the customer has been to the gateway's form with. */
export function Pay({ order, page }) {
  const wish = wishes()[order];
  const [answer, setAnswer] = useState(wish?.answer);
  const [failed, setFailed] = useState(null);
  const send = () => {
    setFailed(null);
    pay(order, wish).then(setAnswer, setFailed);
  };
  useEffect(() => {
    if (wish?.paymentKey && !answer) send();
  }, []);
  if (!wish) return html`<${Title}>${t("not_here")}<//><p><a href="#/bills">${t("nav.bills")}</a></p>`;
  const back = html`<p class="actions"><a class="button" href=${to("bills", wish.billId)}>${t("pay.back")}</a>
    ${answer && html`<a class="button primary" href=${to("payments", answer.paymentId)}>${t("pay.see")}</a>`}</p>`;
  return html`
    <${Title}>${t("pay.title")}<//>
    <section class="card">
      <p class="sum"><${Won} amount=${wish.amount} /></p>
      ${wish.refused ? html`<div class="failed" role="alert"><p>${t("pay.form_left")}</p></div>`
        : failed ? html`<${Failed} error=${failed} retry=${failed.code === "payment_declined" ? undefined : send} />`
          : answer ? html`${answer.status === "unknown" && html`<p class="note" role="status">${t("pay.unknown")}</p>`}
            <${Progress} id=${answer.sagaId} after=${page.refresh} />`
            : html`<${Loading} lines=${4} />`}
      ${back}
    </section>`;
}

export function Payments({ page }) {
  return html`
    <${Title}>${t("nav.payments")}<//>
    <${Read} from=${page}>${({ payments, bills }) => payments.length === 0 ? html`<${Empty}>${t("payments.empty")}<//>` : html`
      <ul class="list card">${payments.toSorted((a, b) => b.history[0].at.localeCompare(a.history[0].at)).map((payment) => {
        const bill = bills.find((one) => one.billId === payment.billId);
        return html`<li key=${payment.paymentId}><a class="item" href=${to("payments", payment.paymentId)}>
          <span class="main"><strong><${At} at=${payment.history[0].at} as=${moment} /></strong>
            <span class="sub">${bill && t("bill.title", { month: month(bill.usageMonth) })}</span></span>
          <span class="end"><${Won} amount=${payment.amount} /><${Status} family="payment_status" status=${payment.status} /></span></a></li>`;
      })}</ul>`}<//>`;
}

export function Payment({ id, page }) {
  const from = useLive(`/api/payments/${id}`, { quickest: 2_000 });
  const done = () => {
    from.refresh();
    page.refresh();
  };
  return html`
    <p class="back"><a href="#/payments">${t("nav.payments")}</a></p>
    <${Read} from=${from} lines=${5}>${(payment) => html`
      <${PaymentDetail} payment=${payment} bill=${to("bills", payment.billId)} done=${done} />`}<//>`;
}
