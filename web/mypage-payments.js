// Payments: paying after the gateway's form, and the history.
import { At, Empty, Failed, Read, Status, Title, Won, announce, html, useEffect, useState } from "./ui.js";
import { PaymentDetail } from "./payment.js";
import { Progress } from "./saga.js";
import { OPEN, post } from "./api.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";
import { billTitle, checked, isDue, latestFirst, payable } from "./bill.js";
import { FormOver, PayButton, keep, wishes } from "./mypage-bill.js";

/** Milliseconds before a payment is asked for again that an earlier request is still making; they double. */
const PAUSE = 500;
/** The longest of these pauses; all together are longer than a request may take. */
const PAUSE_MAX = 32_000;

/** Asks for the payment of a wish, until no earlier request with its key is under way. */
async function charge({ billId, amount, paymentKey, key }) {
  for (let pause = PAUSE; ; pause *= 2) {
    try {
      return await post("/api/payments", { billId, amount, paymentKey }, key);
    } catch (error) {
      if (error.code !== "idempotency_key_in_flight" || pause > PAUSE_MAX) throw error;
    }
    await new Promise((done) => setTimeout(done, pause));
  }
}

/** Payments under way, so that drawing a page again asks for none twice. */
const underWay = new Map();

/** Pays: one wish has one key, so it is one payment however often this is asked for. */
function pay(order, wish) {
  if (!underWay.has(order)) {
    const request = charge(wish);
    underWay.set(order, request);
    request.then((answer) => keep(order, { ...wish, answer }), () => underWay.delete(order));
  }
  return underWay.get(order);
}

/** What is there while the card is being charged. */
function Charging() {
  useEffect(() => announce(t("pay.waiting")), []);
  return html`<p class="outcome"><span class="spinner" aria-hidden="true"></span>${t("pay.waiting")}</p>`;
}

/** Codes after which nothing was charged, and nothing will be: the bill may be paid by another payment. */
const OVER = new Set(["payment_declined", "payment_key_invalid"]);

/** What became of the wish to pay that the customer has been to the gateway's form with. */
export function Pay({ order, page }) {
  const wish = wishes()[order];
  const [answer, setAnswer] = useState(wish?.answer);
  const [failed, setFailed] = useState(null);
  const [end, setEnd] = useState(null);
  const send = () => {
    setFailed(null);
    pay(order, wish).then(setAnswer, setFailed).finally(page.refresh);
  };
  useEffect(() => {
    if (wish?.paymentKey && !answer) send();
  }, []);
  if (!wish) return html`<${Title}>${t("not_here")}<//><p><a href="#/bills">${t("nav.bills")}</a></p>`;
  const { bills = [], payments = [] } = page.data ?? {};
  const bill = bills.find((one) => one.billId === wish.billId);
  const undone = end === "compensated";
  const again = bill && isDue(bill) && (OVER.has(failed?.code) || ((wish.refused || undone) && !checked(bill, payments)));
  const next = end === "completed" && payable(bills, payments).find((one) => one.billId !== wish.billId);
  const charging = !wish.refused && !failed && !answer;
  const on = !charging && html`<div class="actions whole">
    ${again && html`<${PayButton} bill=${bill} name=${t("pay.again")} />`}
    ${next && html`<a class="button primary" href=${to("bills", next.billId)}>${t("pay.next")}</a>`}
    ${answer && html`<a class="button ${undone || next ? "" : "primary"}" href=${to("payments", answer.paymentId)}>${t("pay.see")}</a>`}
    <a class="button" href=${to("bills", wish.billId)}>${t("pay.back")}</a></div>`;
  return html`
    <${Title}>${t("pay.title")}<//>
    <section class="card">
      <p class="sum"><${Won} amount=${wish.amount} /></p>
      ${wish.refused ? html`<${FormOver} code=${wish.refused} />`
        : failed ? html`<${Failed} error=${failed} retry=${OPEN.has(failed.code) ? send : undefined} />
          ${failed.code === "payment_in_progress" && html`<p class="note">${t("pay.not_charged")}</p>`}`
          : answer ? html`${answer.status === "unknown" && !end && html`<p class="note" role="status">${t("pay.unknown")}</p>`}
            <${Progress} id=${answer.sagaId} after=${({ status }) => {
              setEnd(status);
              page.refresh();
            }} />`
            : html`<${Charging} />`}
      ${on}
    </section>`;
}

export function Payments({ page }) {
  return html`
    <${Title}>${t("nav.payments")}<//>
    <${Read} from=${page}>${({ payments }) => payments.length === 0 ? html`<${Empty}>${t("payments.empty")}<//>` : html`
      <ul class="list card">${latestFirst(payments).map((payment) => html`
        <li key=${payment.paymentId}><a class="item" href=${to("payments", payment.paymentId)}>
          <span class="main"><strong><${At} at=${payment.history[0].at} /></strong>
            <span class="sub">${billTitle(payment.billId)}</span></span>
          <span class="end"><${Won} amount=${payment.amount} /><${Status} family="payment_status" status=${payment.status} /></span></a></li>`)}</ul>`}<//>`;
}

/** The saga that a payment is in while it is neither done nor undone. */
function openSaga({ paymentId, status, history }) {
  if (status === "cancelling") return `cancel-${paymentId}-${history.filter((entry) => entry.status === status).length}`;
  return status === "captured" ? `pay-${paymentId}` : null;
}

/** What is said of a payment that is on its way, or that came back by itself. */
const NOTES = { pending: "pay.checked", captured: "pay.checked", unknown: "pay.unknown", compensated: "pay.refunded" };

/** What a customer is told who waits for a payment, or for its money. */
function Note({ payment }) {
  const saga = openSaga(payment);
  const { data } = useLive(saga && `/api/sagas/${saga}`, { wait: 10 });
  const says = data?.status === "stuck" ? `outcome.${data.kind}.stuck` : NOTES[payment.status];
  return says && html`<p class="note" role="status">${t(says)}</p>`;
}

export function Payment({ id, page }) {
  const from = useLive(`/api/payments/${id}`);
  const done = () => {
    from.refresh();
    page.refresh();
  };
  return html`
    <p class="back"><a href="#/payments">${t("nav.payments")}</a></p>
    <${Read} whole from=${from} lines=${5}>${(payment) => html`
      <${PaymentDetail} payment=${payment} bill=${to("bills", payment.billId)} note=${html`<${Note} payment=${payment} />`} done=${done} />`}<//>`;
}
