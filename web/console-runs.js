// Billing runs: starting one, and how far it is.
import { At, Button, Failed, Loading, Title, announce, html, useRef, useState } from "./ui.js";
import { Share } from "./charts.js";
import { duration, moment, month, months, number, phone } from "./format.js";
import { useIntent } from "./api.js";
import { named, t } from "./text.js";
import { useLive } from "./live.js";

/** Lines a second since the run was seen last, and what is left of it, from two looks at it. */
function usePace(run) {
  const first = useRef(null);
  const elapsed = Date.parse(run.finishedAt ?? new Date().toISOString()) - Date.parse(run.startedAt);
  if (run.status === "completed") return { elapsed, rate: elapsed > 0 ? run.lines / (elapsed / 1000) : null };
  const now = performance.now();
  if (first.current?.pass !== run.passes) first.current = { pass: run.passes, at: now, lines: run.lines, done: run.bucketsDone };
  const since = now - first.current.at;
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
        ${left != null && html`<span>${t("run.left", { time: duration(left) })}</span>`}
        ${elapsed !== undefined && html`<span>${t("run.took", { time: duration(elapsed) })}</span>`}
        <span>${t("run.passes", { count: run.passes })}</span>
        <span><${At} at=${run.startedAt} as=${moment} /></span></p>
      <${Share} parts=${[["issued", t("run.issued"), run.issued], ["skipped", t("run.skipped"), run.skipped], ["parked", t("run.parked"), run.parked]]} />
    </div>`;
}

/** Lines of a month that wait for an operator. */
function ParkedLines({ usageMonth }) {
  const from = useLive("/api/parked?limit=200", { quickest: 10_000 });
  const lines = (from.data?.items ?? []).filter((item) => item.kind === "billing_line" && item.bill.usageMonth === usageMonth);
  return html`<section class="card"><h2>${t("run.parked_lines")}</h2>
    ${lines.length === 0 ? html`<p class="sub">${t("run.no_parked")}</p>` : html`<ul class="list">${lines.map((item) => html`
      <li key=${item.parkedId}><a class="item" href="#/parked"><span class="main"><strong>${item.bill.number ? phone(item.bill.number) : item.bill.billId}</strong>
        <span class="sub">${named("reason", item.reason)}</span></span></a></li>`)}</ul>`}</section>`;
}

export function Runs() {
  const choices = months(13).slice(1);
  const [usageMonth, choose] = useState(choices[0]);
  const [failed, setFailed] = useState(null);
  const from = useLive(`/api/billing-runs/${usageMonth}`, { quickest: 700, slowest: 5_000, until: (run) => run.status === "completed" });
  const intent = useIntent();
  const none = from.error?.code === "not_found";
  const start = async () => {
    setFailed(null);
    try {
      await intent.send("/api/billing-runs", { usageMonth });
      announce(t("run.running"));
      from.refresh();
    } catch (error) {
      setFailed(error);
    }
  };
  return html`
    <${Title}>${t("run.title")}<//>
    <section class="card"><div class="bar">
      <p class="field"><label for="month">${t("run.month")}</label>
        <select id="month" value=${usageMonth} onChange=${(event) => choose(event.target.value)}>
          ${choices.map((name) => html`<option key=${name} value=${name}>${month(name)}</option>`)}</select></p>
      <${Button} kind="primary" busy=${intent.busy} onClick=${start}>${t(from.data ? "run.again" : "run.start")}<//>
    </div>${failed && html`<${Failed} error=${failed} />`}</section>
    <section class="card">${from.data ? html`<${RunProgress} run=${from.data} />`
      : none ? html`<p class="sub">${t("run.none")}</p>`
        : from.error ? html`<${Failed} error=${from.error} retry=${from.refresh} />` : html`<${Loading} />`}</section>
    <${ParkedLines} usageMonth=${usageMonth} />`;
}
