// The customer's lines, each with its history, and closing one.
import { At, Button, Dialog, Empty, Failed, History, Read, Status, Title, announce, html, useState } from "./ui.js";
import { Progress } from "./saga.js";
import { lineName } from "./format.js";
import { current, t } from "./text.js";
import { to } from "./route.js";
import { useIntent } from "./api.js";
import { useLive } from "./live.js";

/** The names of plans by their codes; a code stands for itself until they are there. */
export function usePlanNames() {
  const { data } = useLive("/api/plans", { quickest: 600_000, slowest: 600_000 });
  return (code) => data?.items.find((plan) => plan.code === code)?.name[current()] ?? code;
}

export function Lines({ page }) {
  const name = usePlanNames();
  return html`
    <header class="heading"><${Title}>${t("nav.lines")}<//><a class="button" href="#/open">${t("open.link")}</a></header>
    <${Read} from=${page}>${({ lines }) => lines.length === 0
      ? html`<${Empty} action=${html`<a class="button primary" href="#/open">${t("open.link")}</a>`}>${t("lines.empty")}<//>`
      : html`<ul class="cards">${lines.toReversed().map((line) => html`
          <li key=${line.orderId}><a class="card link" href=${to("lines", line.orderId)}>
            <span class="big">${lineName(line)}</span>
            <span class="sub">${name(line.plan)}</span>
            <${Status} family="order_status" status=${line.status} /></a></li>`)}</ul>`}
    <//>`;
}

function Close({ line }) {
  const [asked, ask] = useState(false);
  const [saga, setSaga] = useState(null);
  const [failed, setFailed] = useState(null);
  const intent = useIntent();
  const close = async () => {
    setFailed(null);
    try {
      const answer = await intent.send(`/api/orders/${line.orderId}/termination`, {});
      setSaga(answer.sagaId);
      announce(t("close.asked"));
    } catch (error) {
      setFailed(error);
    }
  };
  return html`
    <${Button} kind="danger" onClick=${() => ask(true)}>${t("close.line")}<//>
    <${Dialog} open=${asked} close=${() => ask(false)} title=${t("close.line")}>
      ${saga ? html`<${Progress} id=${saga} />` : html`
        <p>${t("close.question", { number: lineName(line) })}</p>
        ${failed && html`<${Failed} error=${failed} />`}
        <p class="actions"><${Button} onClick=${() => ask(false)}>${t("keep")}<//>
          <${Button} kind="danger solid" busy=${intent.busy} onClick=${close}>${t("close.confirm")}<//></p>`}
    <//>`;
}

export function Line({ id, page }) {
  const name = usePlanNames();
  return html`<${Read} from=${page}>${({ lines, bills }) => {
    const line = lines.find((one) => one.orderId === id);
    if (!line) return html`<${Title}>${t("not_here")}<//>`;
    const its = bills.filter((bill) => bill.orderId === id);
    const since = line.history.find(({ status }) => status === "active")?.at;
    return html`
      <p class="back"><a href="#/lines">${t("nav.lines")}</a></p>
      <header class="heading"><${Title} text=${t("line.title")}>${lineName(line)}<//>
        <${Status} family="order_status" status=${line.status} /></header>
      <section class="card"><dl class="facts">
        <div><dt>${t("line.plan")}</dt><dd>${name(line.plan)}</dd></div>
        ${since && html`<div><dt>${t("line.since")}</dt><dd><${At} at=${since} /></dd></div>`}
        <div><dt>${t("nav.bills")}</dt><dd>${its.length}</dd></div>
      </dl></section>
      <section class="card"><h2>${t("history")}</h2><${History} entries=${line.history} family="order_status" /></section>
      ${line.status === "active" && html`<p class="actions"><${Close} line=${line} /></p>`}`;
  }}<//>`;
}
