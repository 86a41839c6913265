// Billing runs: starting one, and how far it is.
import { At, Button, Dialog, Failed, Loading, Read, Title, announce, html, useEffect, useRef, useState } from "./ui.js";
import { Item, useDone } from "./console-parked.js";
import { Share } from "./charts.js";
import { duration, moment, month, months, number } from "./format.js";
import { get, useQuestion } from "./api.js";
import { t } from "./text.js";
import { useLive } from "./live.js";

/** Parked items that a look for those of a month reads at once, and how often it reads on. */
const PAGE = 200;
const PAGES_MAX = 25;

/** How long something took, in whole seconds once it is one: nobody needs a run's tenths. */
const roughly = (ms) => duration(ms < 1000 ? ms : Math.round(ms / 1000) * 1000);

/** Lines a second since the run was seen last, and what is left of it, from two looks at it. */
function usePace(run) {
  const first = useRef(null);
  if (run.status === "completed") {
    const elapsed = Date.parse(run.finishedAt) - Date.parse(run.startedAt);
    return { elapsed, rate: elapsed > 0 && run.lines > 0 ? run.lines / (elapsed / 1000) : null };
  }
  const seen = performance.now();
  if (first.current?.pass !== run.passes) first.current = { pass: run.passes, at: seen, lines: run.lines, done: run.bucketsDone };
  const since = seen - first.current.at;
  const [lines, done] = [run.lines - first.current.lines, run.bucketsDone - first.current.done];
  return {
    rate: since > 0 && lines > 0 ? lines / (since / 1000) : null,
    left: done > 0 ? (since / done) * (run.buckets - run.bucketsDone) : null,
  };
}

/** A run as a bar with its counts. */
export function RunProgress({ run }) {
  const { rate, left, elapsed } = usePace(run);
  const name = `run-${run.usageMonth}`;
  return html`
    <div class="run" data-status=${run.status}>
      <header><h2 id=${name}>${t("today.run", { month: month(run.usageMonth) })}</h2>
        <span class="chip ${run.status === "completed" ? "good" : "wait"}">${t(`run.${run.status}`)}</span></header>
      <progress aria-labelledby=${name} max=${run.buckets} value=${run.bucketsDone}></progress>
      <p class="sub pace"><span>${number(Math.floor((run.bucketsDone / run.buckets) * 100))}%</span>
        ${rate !== null && html`<span>${t("run.rate", { rate: number(Math.round(rate)) })}</span>`}
        ${left != null && html`<span>${t("run.left", { time: roughly(left) })}</span>`}
        ${elapsed !== undefined && html`<span>${t("run.took", { time: roughly(elapsed) })}</span>`}
        <span>${t("run.passes", { count: run.passes })}</span>
        <span>${t("saga.started")} <${At} at=${run.startedAt} as=${moment} /></span></p>
      <${Share} parts=${[["issued", t("run.issued"), run.issued], ["skipped", t("run.skipped"), run.skipped], ["parked", t("run.parked"), run.parked]]} />
    </div>`;
}

/** Lines of a month among all that is parked; `more` when there is too much of that to look through. */
async function parkedOf(usageMonth) {
  const lines = [];
  let cursor;
  for (let pages = 0; pages === 0 || (cursor && pages < PAGES_MAX); pages += 1) {
    const { data } = await get(`/api/parked?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    lines.push(...data.items.filter((item) => item.kind === "billing_line" && item.bill.usageMonth === usageMonth));
    cursor = data.cursor;
  }
  return { lines, more: Boolean(cursor) };
}

/** Lines of a month that wait for an operator, looked for again as the run goes on. */
function ParkedLines({ usageMonth, run }) {
  const [found, setFound] = useState({});
  const [again, look] = useState(0);
  const [notice, done] = useDone();
  // While it runs, each new one is not worth a look through everything.
  const parked = run?.status === "running" ? run.parked > 0 : run?.parked;
  useEffect(() => {
    let over = false;
    const show = (what) => over || setFound(what);
    parkedOf(usageMonth).then((data) => show({ data }), (error) => show({ error }));
    return () => {
      over = true;
    };
  }, [usageMonth, run?.passes, run?.status, parked, again]);
  const refresh = () => look(again + 1);
  const { lines, more } = found.data ?? {};
  return html`<section class="card"><h2>${t("run.parked_lines")}</h2>${notice}
    ${found.error ? html`<${Failed} error=${found.error} retry=${refresh} />` : !lines ? html`<${Loading} lines=${1} />`
      : lines.length === 0 ? html`<p class="sub">${t("run.no_parked")}</p>` : html`<ul class="list">${lines.map((item) => html`
        <${Item} key=${item.parkedId} item=${item} refresh=${refresh} done=${done} />`)}</ul>`}
    ${more && html`<p class="note">${t("run.parked_more", { count: number(PAGE * PAGES_MAX) })}</p>`}</section>`;
}

export function Runs() {
  const choices = months(13).slice(1);
  const [usageMonth, choose] = useState(choices[0]);
  const from = useLive(`/api/billing-runs/${usageMonth}`, { quickest: 700, slowest: 5_000, until: (run) => run.status === "completed" });
  const { asked, failed, busy, ask, leave, send } = useQuestion();
  const none = !from.data && from.error?.code === "not_found";
  const { status, passes } = from.data ?? {};
  useEffect(() => {
    if (status) announce(`${t("today.run", { month: month(usageMonth) })}: ${t(`run.${status}`)}`);
  }, [usageMonth, status, passes]);
  const start = async () => {
    if (!(await send("/api/billing-runs", { usageMonth }))) return;
    leave();
    from.refresh();
  };
  const name = t(from.data ? "run.again" : "run.start");
  return html`
    <${Title}>${t("run.title")}<//>
    <section class="card"><div class="bar">
      <p class="field"><label for="month">${t("run.month")}</label>
        <select id="month" value=${usageMonth} onChange=${(event) => choose(event.target.value)}>
          ${choices.map((name) => html`<option key=${name} value=${name}>${month(name)}</option>`)}</select></p>
      <${Button} kind=${status === "running" ? "" : "primary"} onClick=${() => ask()}>${name}<//>
    </div>${from.data && html`<p class="sub after">${t("run.again.help")}</p>`}</section>
    <${Dialog} open=${asked !== null} close=${leave} title=${name}>
      <p>${t("run.question", { month: month(usageMonth) })}</p>
      ${from.data && html`<p class="sub">${t("run.again.help")}</p>`}
      ${failed && html`<${Failed} error=${failed} />`}
      <p class="actions"><${Button} onClick=${leave}>${t("back")}<//>
        <${Button} kind="primary" busy=${busy} onClick=${start}>${t("run.confirm")}<//></p>
    <//>
    <section class="card">${none ? html`<p class="sub">${t("run.none")}</p>`
      : html`<${Read} from=${from}>${(run) => html`<${RunProgress} run=${run} />`}<//>`}</section>
    <${ParkedLines} key=${usageMonth} usageMonth=${usageMonth} run=${from.data} />`;
}
