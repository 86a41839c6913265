// Opening a line: a plan, perhaps a contract and a wished number, and then the saga as it goes.
import { Button, Dialog, Failed, Read, Title, Won, html, useRef, useState } from "./ui.js";
import { Progress } from "./saga.js";
import { useQuestion } from "./api.js";
import { digitsOf, number, phone, price } from "./format.js";
import { current, named, t } from "./text.js";
import { go, to } from "./route.js";
import { useLive } from "./live.js";

const UNITS = { sms: "message", data_mb: "MB" };

/** What everything costs, where nothing is included; calls that cost the same at all times are one thing. */
function Rates({ rates }) {
  const { voice_day: day, voice_evening: evening, voice_night: night, ...others } = rates;
  const same = day === evening && day === night;
  const shown = Object.entries(same ? { voice: day, ...others } : rates);
  return html`<ul class="rates"><li class="sub">${t("plan.nothing_included")}</li>${shown.map(([code, rate]) => html`
    <li key=${code}><span class="sub">${code === "voice" ? t("plan.voiceMinutes") : named("charge", code)}</span> ${t(`rate.${UNITS[code] ?? "minute"}`, { price: price(rate) })}</li>`)}</ul>`;
}

/** What the fee includes, in words. */
function Included({ allowances, rates }) {
  const parts = Object.entries(allowances).map(([kind, amount]) => {
    if (amount === 0) return null;
    const gigabytes = kind === "dataMb" && amount >= 1024;
    const value = amount === null ? t("plan.unlimited") : number(gigabytes ? amount / 1024 : amount);
    const unit = amount === null ? "" : t(gigabytes ? "unit.GB" : `plan.unit.${kind}`);
    return html`<li key=${kind}><span class="sub">${t(`plan.${kind}`)}</span> ${value}${unit}</li>`;
  });
  return parts.some(Boolean) ? html`<ul class="included">${parts}</ul>` : html`<${Rates} rates=${rates} />`;
}

const Plan = ({ plan, chosen, choose }) => html`
  <label class="card plan ${chosen ? "chosen" : ""}">
    <input type="radio" name="plan" value=${plan.code} checked=${chosen} onChange=${choose} />
    <span class="name">${plan.name[current()]}</span>
    <span class="price"><${Won} amount=${plan.monthlyFeeWithVat} /><span class="sub"> ${t("plan.a_month")}</span></span>
    <${Included} allowances=${plan.allowances} rates=${plan.rates} />
    ${plan.contractDiscountPercent > 0 && html`<span class="sub">${t("plan.discount", { percent: plan.contractDiscountPercent })}</span>`}
  </label>`;

const NUMBER = /^010\d{8}$/;

/** What a plan costs; with a contract, what it costs without one is struck through. */
const Price = ({ plan, months }) => html`
  <span class="sub">${plan.name[current()]}${months > 0 && html` · ${t(`open.contract.${months}`)}`}</span>
  <strong><${Won} amount=${months > 0 ? plan.contractFeeWithVat : plan.monthlyFeeWithVat} />
    ${months > 0 && html` <s class="sub"><span class="hidden">${t("plan.full")} </span><${Won} amount=${plan.monthlyFeeWithVat} /></s>`}</strong>`;

/**
 * What to order; it begins with the plan and the contract of the order that it is `like`, if any. Fields in error get the
 * focus, so that the reader knows where to go on.
 */
function Form({ plans, like }) {
  const [plan, setPlan] = useState(plans.find((one) => one.code === like?.plan));
  const [missing, setMissing] = useState(false);
  const [contract, setContract] = useState(like?.contractMonths ?? 0);
  const [wish, setWish] = useState("");
  const [wrong, setWrong] = useState(false);
  const field = useRef(null);
  /** What is asked about is the wished number, or none, of the order that is to be confirmed. */
  const { asked, failed, busy, ask, leave, send } = useQuestion();
  const discounted = plan?.contractDiscountPercent > 0;
  const months = discounted ? contract : 0;
  const submit = (event) => {
    event.preventDefault();
    const digits = digitsOf(wish);
    const bad = digits !== "" && !NUMBER.test(digits);
    setMissing(!plan);
    setWrong(bad);
    if (!plan || bad) {
      (plan ? field.current : event.target.elements.plan[0]).focus();
      return;
    }
    ask(digits);
  };
  const open = async () => {
    const order = {
      plan: plan.code,
      ...(months > 0 && { contractMonths: months }),
      ...(asked && { wishNumber: asked }),
    };
    const answer = await send("/api/orders", order);
    if (answer) go(to("open", answer.orderId));
  };
  return html`
    <form onSubmit=${submit} noValidate>
      <fieldset class="plans" aria-describedby=${missing ? "plan-wrong" : undefined}><legend>${t("open.plan")}</legend>
        ${missing && html`<p id="plan-wrong" class="error" role="alert">${t("open.plan.missing")}</p>`}
        ${plans.map((one) => html`<${Plan} key=${one.code} plan=${one} chosen=${one === plan} choose=${() => {
          setPlan(one);
          setMissing(false);
        }} />`)}
      </fieldset>
      ${discounted && html`<fieldset class="choices"><legend>${t("open.contract")}</legend>
        ${[0, 12, 24].map((one) => html`<label key=${one}><input type="radio" name="contract" value=${one}
          checked=${contract === one} onChange=${() => setContract(one)} /> ${t(`open.contract.${one}`)}</label>`)}
      </fieldset>`}
      <p class="field"><label for="wish">${t("open.wish")}</label>
        <input id="wish" ref=${field} type="tel" inputmode="numeric" autocomplete="off" placeholder="010-1234-5678" value=${wish}
          aria-invalid=${wrong ? "true" : undefined} aria-describedby="wish-help" onInput=${(event) => setWish(event.target.value)} />
        <span id="wish-help" class=${wrong ? "error" : "sub"}>${t(wrong ? "open.wish.wrong" : "open.wish.help")}</span></p>
      <div class="total"><span>${plan ? html`<${Price} plan=${plan} months=${months} />` : html`<span class="sub">${t("open.plan")}</span>`}</span>
        <button class="primary large">${t("open.submit")}</button></div>
    </form>
    <${Dialog} open=${asked !== null} close=${leave} title=${t("open.question")}>
      <dl class="facts">
        <div><dt>${t("line.plan")}</dt><dd>${plan?.name[current()]}</dd></div>
        ${discounted && html`<div><dt>${t("open.contract")}</dt><dd>${t(`open.contract.${months}`)}</dd></div>`}
        <div><dt>${t("open.price")}</dt><dd><${Won} amount=${months > 0 ? plan?.contractFeeWithVat : plan?.monthlyFeeWithVat} /> <span class="sub">${t("plan.a_month")}</span></dd></div>
        ${asked && html`<div><dt>${t("open.number")}</dt><dd>${phone(asked)}</dd></div>`}
      </dl>
      ${failed && html`<${Failed} error=${failed} />`}
      <p class="actions"><${Button} onClick=${leave}>${t("back")}<//>
        <${Button} kind="primary" busy=${busy} onClick=${open}>${t("open.confirm")}<//></p>
    <//>`;
}

/** The form for a line; `like` is an order that was rejected and is to be tried again. */
export function OpenLine({ like }) {
  const plans = useLive("/api/plans", { quickest: 600_000, slowest: 600_000 });
  const before = useLive(like && `/api/orders/${encodeURIComponent(like)}`, { until: () => true });
  return html`
    <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
    <${Title}>${t("open.title")}<//>
    <${Read} from=${plans} lines=${6}>${({ items }) => (!like || before.data || before.error)
      && html`<${Form} plans=${items.filter((plan) => plan.onSale)} like=${before.data} />`}<//>`;
}

/** A line on its way, and what came of it. */
export function Opening({ order, page }) {
  const from = useLive(`/api/orders/${encodeURIComponent(order)}`, { until: ({ status }) => status !== "requested" });
  const [end, setEnd] = useState(null);
  const after = ({ status }) => {
    setEnd(status);
    from.refresh();
    page.refresh();
  };
  return html`
    <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
    <${Read} whole from=${from} lines=${4}>${(line) => {
      // What was read of the order may be older than the end of its saga; one that is stuck leaves the order as it was.
      const over = end && (end === "stuck" || line.status !== "requested");
      return html`
        <${Title}>${t("opening.title")}<//>
        <section class="card">
          <${Progress} id=${`open-${order}`} after=${after} />
          ${over && line.number && html`<p class="result"><span class="sub">${t("opening.number")}</span><strong class="big">${phone(line.number)}</strong></p>`}
          ${over && line.reason && html`<p class="failed">${named("reason", line.reason)}</p>`}
          ${over && html`<p class="actions">${line.status === "rejected"
            ? html`<a class="button primary" href=${to("open", "again", order)}>${t("opening.again")}</a>`
            : html`<a class="button primary" href=${to("lines", order)}>${t("opening.line")}</a>`}</p>`}
        </section>`;
    }}<//>`;
}
