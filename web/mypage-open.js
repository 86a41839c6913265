// Opening a line: a plan, perhaps a contract and a wished number, and then the saga as it goes.
import { Failed, Read, Title, Won, html, useRef, useState } from "./ui.js";
import { Progress } from "./saga.js";
import { get, useIntent } from "./api.js";
import { number, phone } from "./format.js";
import { current, named, t } from "./text.js";
import { go, to } from "./route.js";
import { useLive } from "./live.js";

/** What the fee includes, in words. */
function Included({ allowances }) {
  const parts = Object.entries(allowances).map(([kind, amount]) => {
    if (amount === 0) return null;
    const gigabytes = kind === "dataMb" && amount >= 1024;
    const value = amount === null ? t("plan.unlimited") : number(gigabytes ? amount / 1024 : amount);
    const unit = amount === null ? "" : t(gigabytes ? "unit.GB" : `plan.unit.${kind}`);
    return html`<li key=${kind}><span class="sub">${t(`plan.${kind}`)}</span> ${value}${unit}</li>`;
  });
  const any = parts.some(Boolean);
  return html`<ul class="included">${any ? parts : html`<li class="sub">${t("plan.nothing_included")}</li>`}</ul>`;
}

const Plan = ({ plan, chosen, choose }) => html`
  <label class="card plan ${chosen ? "chosen" : ""}">
    <input type="radio" name="plan" value=${plan.code} checked=${chosen} onChange=${choose} />
    <span class="name">${plan.name[current()]}</span>
    <span class="price"><${Won} amount=${plan.monthlyFeeWithVat} /><span class="sub"> ${t("plan.a_month")}</span></span>
    <${Included} allowances=${plan.allowances} />
    ${plan.contractDiscountPercent > 0 && html`<span class="sub">${t("plan.discount", { percent: plan.contractDiscountPercent })}</span>`}
  </label>`;

const NUMBER = /^010-?\d{4}-?\d{4}$/;

/** Fields in error keep the focus, so that the reader knows where to go on. */
function Form({ plans }) {
  const [plan, setPlan] = useState(plans[0]);
  const [contract, setContract] = useState("0");
  const [wish, setWish] = useState("");
  const [wrong, setWrong] = useState(false);
  const [failed, setFailed] = useState(null);
  const field = useRef(null);
  const intent = useIntent();
  const discounted = plan.contractDiscountPercent > 0;
  const submit = async (event) => {
    event.preventDefault();
    const bad = wish.trim() !== "" && !NUMBER.test(wish.trim());
    setWrong(bad);
    if (bad) {
      field.current.focus();
      return;
    }
    setFailed(null);
    const order = {
      plan: plan.code,
      ...(discounted && contract !== "0" && { contractMonths: Number(contract) }),
      ...(wish.trim() && { wishNumber: wish.trim() }),
    };
    try {
      const { orderId } = await intent.send("/api/orders", order);
      go(to("open", orderId));
    } catch (error) {
      setFailed(error);
    }
  };
  return html`
    <form onSubmit=${submit} noValidate>
      <fieldset class="plans"><legend>${t("open.plan")}</legend>
        ${plans.map((one) => html`<${Plan} key=${one.code} plan=${one} chosen=${one === plan} choose=${() => setPlan(one)} />`)}
      </fieldset>
      ${discounted && html`<fieldset class="choices"><legend>${t("open.contract")}</legend>
        ${["0", "12", "24"].map((months) => html`<label key=${months}><input type="radio" name="contract" value=${months}
          checked=${contract === months} onChange=${() => setContract(months)} /> ${t(`open.contract.${months}`)}</label>`)}
      </fieldset>`}
      <p class="field"><label for="wish">${t("open.wish")}</label>
        <input id="wish" ref=${field} type="tel" inputmode="numeric" autocomplete="off" placeholder="010-1234-5678" value=${wish}
          aria-invalid=${wrong ? "true" : undefined} aria-describedby="wish-help" onInput=${(event) => setWish(event.target.value)} />
        <span id="wish-help" class=${wrong ? "error" : "sub"}>${t(wrong ? "open.wish.wrong" : "open.wish.help")}</span></p>
      ${failed && html`<${Failed} error=${failed} />`}
      <div class="total"><span><span class="sub">${plan.name[current()]}</span><strong><${Won} amount=${plan.monthlyFeeWithVat} /></strong></span>
        <button class="primary large" aria-busy=${intent.busy ? "true" : undefined}>${t("open.submit")}</button></div>
    </form>`;
}

export function OpenLine() {
  const plans = useLive("/api/plans", { quickest: 600_000, slowest: 600_000 });
  return html`
    <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
    <${Title}>${t("open.title")}<//>
    <${Read} from=${plans} lines=${6}>${({ items }) => html`<${Form} plans=${items.filter((plan) => plan.onSale)} />`}<//>`;
}

/** A line on its way, and what came of it. */
export function Opening({ order, page }) {
  const [line, setLine] = useState(null);
  const after = async () => {
    page.refresh();
    const { data } = await get(`/api/orders/${order}`);
    setLine(data);
  };
  return html`
    <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
    <${Title}>${t("opening.title")}<//>
    <section class="card">
      <${Progress} id=${`open-${order}`} after=${after} />
      ${line?.number && html`<p class="result"><span class="sub">${t("opening.number")}</span><strong class="big">${phone(line.number)}</strong></p>`}
      ${line?.reason && html`<p class="failed">${named("reason", line.reason)}</p>`}
      ${line && html`<p class="actions">${line.status === "rejected"
        ? html`<a class="button primary" href="#/open">${t("opening.again")}</a>`
        : html`<a class="button primary" href=${to("lines", order)}>${t("opening.line")}</a>`}</p>`}
    </section>`;
}
