// A payment, for the customer and for the operator who talks to one: what it paid, its history, and its cancellation.
import { Button, Dialog, Failed, History, Status, Title, Won, html, useRef, useState, whyDeclined } from "./ui.js";
import { Progress } from "./saga.js";
import { billTitle } from "./bill.js";
import { has, t } from "./text.js";
import { useQuestion, withCustomer } from "./api.js";

const REASONS = ["wrong_card", "changed_mind", "twice"];

/** Has a payment cancelled; an operator says `whose` it is. */
function Cancel({ payment, whose, done }) {
  // A suggestion is held by its name, so that it is in the page's language; who writes has the words as they are.
  const [{ suggested, written }, setReason] = useState({ suggested: REASONS[0] });
  const reason = suggested ? t(`cancel.reason.${suggested}`) : written;
  const [missing, setMissing] = useState(false);
  const field = useRef(null);
  const { asked, failed, answer, busy, ask, leave, send } = useQuestion();
  const show = () => {
    setMissing(false);
    ask();
  };
  const submit = async (event) => {
    event.preventDefault();
    // With another reason, it would be another wish.
    if (busy) return;
    setMissing(reason.trim() === "");
    if (reason.trim() === "") {
      field.current.focus();
      return;
    }
    if (await send(withCustomer(`/api/payments/${payment.paymentId}/cancellation`, whose), { reason: reason.trim() })) done();
  };
  const suggest = (name) => {
    setReason({ suggested: name });
    setMissing(false);
    field.current.focus();
  };
  return html`
    ${payment.status === "completed" && html`<${Button} kind="danger" onClick=${show}>${t("cancel.button")}<//>`}
    <${Dialog} open=${asked !== null} close=${leave} title=${t(answer ? "kind.cancel_payment" : "cancel.title")}>
      ${answer ? html`<${Progress} id=${answer.sagaId} after=${done} />
          <p class="actions"><${Button} kind="primary" onClick=${leave}>${t("close")}<//></p>` : html`
        <form onSubmit=${submit} noValidate>
          <p>${t("cancel.text")}</p>
          <p class="suggestions">${REASONS.map((name) => html`<button type="button" key=${name} class="small"
            aria-pressed=${String(suggested === name)}
            onClick=${() => suggest(name)}>${t(`cancel.reason.${name}`)}</button>`)}</p>
          <p class="field"><label for="reason">${t("cancel.reason")}</label>
            <textarea id="reason" ref=${field} required maxlength="200" rows="2" value=${reason} aria-invalid=${missing ? "true" : undefined}
              aria-describedby=${missing ? "reason-missing" : undefined} onInput=${(event) => setReason({ written: event.target.value })}></textarea>
            ${missing && html`<span id="reason-missing" class="error">${t("cancel.reason.missing")}</span>`}</p>
          ${failed && html`<${Failed} error=${failed} />`}
          <p class="actions"><${Button} onClick=${leave}>${t("keep")}<//>
            <button class="danger solid" aria-disabled=${busy ? "true" : undefined} aria-busy=${busy ? "true" : undefined}>${t("cancel.confirm")}</button></p>
        </form>`}
    <//>`;
}

/** Why it did not go as wished: the card was declined, or the money did not go back. Only operators read a code without words. */
function Reason({ payment: { status, reason }, whose }) {
  const declined = status === "declined";
  const known = has(`${declined ? "decline" : "reason"}.${reason}`);
  return html`<div><dt>${t(declined ? "payment.reason" : "payment.not_refunded")}</dt>
    <dd>${declined ? whyDeclined(reason) : t(known ? `reason.${reason}` : "reason.NOT_CANCELABLE_PAYMENT")}
      ${whose && !known && html` <code>${reason}</code>`}</dd></div>`;
}

/** All of a payment. `bill` leads to what it paid; `note` is what is to be said first; `done` is called when something has been done. */
export const PaymentDetail = ({ payment, whose, bill, note, done, children }) => html`
  <header class="heading"><${Title}>${t("payment.title")}<//><${Status} family="payment_status" status=${payment.status} /></header>
  <section class="card"><p class="sum"><${Won} amount=${payment.amount} /></p>
    ${note}
    <dl class="facts">
      <div><dt>${t("payment.bill")}</dt><dd><a href=${bill}>${billTitle(payment.billId)}</a></dd></div>
      ${payment.reason && html`<${Reason} payment=${payment} whose=${whose} />`}
      ${payment.cancelReason && html`<div><dt>${t("cancel.reason")}</dt><dd>${payment.cancelReason}</dd></div>`}
      ${children}
    </dl>
    <div class="actions"><${Cancel} payment=${payment} whose=${whose} done=${done} /></div></section>
  <section class="card"><h2>${t("history")}</h2><${History} entries=${payment.history} family="payment_status" /></section>`;
