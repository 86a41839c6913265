// The customer's lines, each with its history, and closing one.
import { At, Button, Dialog, Empty, Failed, History, NotHere, Read, Status, Tel, Title, announce, html } from "./ui.js";
import { Progress } from "./saga.js";
import { isFinal, newestFirst } from "./bill.js";
import { activeSince, day, lineName } from "./format.js";
import { named, t } from "./text.js";
import { to } from "./route.js";
import { usePlanNames } from "./plans.js";
import { useQuestion } from "./api.js";
import { useLive } from "./live.js";

export function Lines({ page }) {
  const name = usePlanNames();
  return html`
    <header class="heading"><${Title}>${t("nav.lines")}<//><a class="button" href="#/open">${t("open.link")}</a></header>
    <${Read} from=${page}>${({ lines }) => lines.length === 0
      ? html`<${Empty} action=${html`<a class="button primary" href="#/open">${t("open.link")}</a>`}>${t("lines.empty")}<//>`
      : html`<ul class="cards">${lines.toReversed().map((line) => html`
          <li key=${line.orderId}><a class="card link" href=${to("lines", line.orderId)}>
            <span class="big"><${Tel} line=${line} /></span>
            <span class="sub">${name(line.plan)}</span>
            <${Status} family="order_status" status=${line.status} /></a></li>`)}</ul>`}
    <//>`;
}

/** The button that closes a line, and the window that tells how it goes; `bills` are the line's. */
function Close({ line, bills, done }) {
  const { asked, failed, answer, busy, ask, leave, send } = useQuestion();
  const close = async () => {
    if (await send(`/api/orders/${line.orderId}/termination`, {})) announce(t("close.asked"));
  };
  const last = newestFirst(bills).find((bill) => isFinal(bill.billId) && bill.status !== "voided");
  return html`
    ${line.status === "active" && html`<p class="actions"><${Button} kind="danger" onClick=${() => ask()}>${t("close.line")}<//></p>`}
    <${Dialog} open=${asked !== null} close=${leave} title=${t("close.line")}>
      ${answer ? html`<${Progress} id=${answer.sagaId} after=${done} />
        <p class="actions"><${Button} onClick=${leave}>${t("close")}<//>
          ${last && html`<a class="button primary" href=${to("bills", last.billId)}>${t("close.bill")}</a>`}</p>` : html`
        <p>${t("close.question", { number: lineName(line) })}</p>
        ${failed && html`<${Failed} error=${failed} />`}
        <p class="actions"><${Button} onClick=${leave}>${t("keep")}<//>
          <${Button} kind="danger solid" busy=${busy} onClick=${close}>${t("close.confirm")}<//></p>`}
    <//>`;
}

/** How long the contract is, and until when once it has begun. */
function contractOf({ contractMonths, contractTo }) {
  const contract = t(`open.contract.${contractMonths}`);
  return contractTo ? t("line.contract_to", { contract, date: day(contractTo) }) : contract;
}

export function Line({ id, page }) {
  const name = usePlanNames();
  const line = page.data?.lines.find((one) => one.orderId === id);
  // The order has what the page leaves out: the contract, and why it was rejected.
  const { data: order } = useLive(line && `/api/orders/${id}`, { until: ({ status }) => status !== "requested" });
  return html`<${Read} whole from=${page}>${({ bills }) => {
    if (!line) return html`<${NotHere} />`;
    const its = bills.filter((bill) => bill.orderId === id);
    const since = activeSince(line);
    return html`
      <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
      <header class="heading"><${Title} text=${t("line.title")}><${Tel} line=${line} /><//>
        <${Status} family="order_status" status=${line.status} /></header>
      <section class="card"><dl class="facts">
        <div><dt>${t("line.plan")}</dt><dd>${name(line.plan)}</dd></div>
        ${since && html`<div><dt>${t("line.since")}</dt><dd><${At} at=${since} /></dd></div>`}
        ${order?.contractMonths && html`<div><dt>${t("open.contract")}</dt><dd>${contractOf(order)}</dd></div>`}
        <div><dt>${t("nav.bills")}</dt><dd>${its.length > 0 ? html`<a href="#/bills">${t("line.bills", { count: its.length })}</a>` : t("line.bills", { count: 0 })}</dd></div>
      </dl></section>
      ${line.status === "rejected" && html`<section class="card">
        ${order?.reason && html`<p>${named("reason", order.reason)}</p>`}
        <p class="actions"><a class="button primary" href=${to("open", "again", id)}>${t("opening.again")}</a></p></section>`}
      <section class="card"><h2>${t("history")}</h2><${History} entries=${line.history} family="order_status" /></section>
      <${Close} line=${line} bills=${its} done=${page.refresh} />`;
  }}<//>`;
}
