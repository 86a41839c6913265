// A business transaction and how far it is: as steps for customers, with a picture of its times for operators.
import { At, Failed, Loading, Status, announce, html, useEffect } from "./ui.js";
import { clock, duration } from "./format.js";
import { has, named, t } from "./text.js";
import { useLive } from "./live.js";

const ENDED = new Set(["completed", "compensated", "stuck"]);

/** Whether nothing more happens by itself. */
export const ended = (saga) => ENDED.has(saga.status);

const MARKS = { succeeded: "✓", failed: "✕", undo_succeeded: "↩", undo_started: "↩", undo_failed: "!", started: "…" };

/** The step that is under way: the first that did not happen, while the saga goes forward. */
function isNext(saga, index) {
  return saga.status === "running" && saga.steps.findIndex((step) => step.state !== "succeeded") === index;
}

/** The steps in words for the customer. */
export function Steps({ saga }) {
  return html`
    <ol class="steps">
      ${saga.steps.map((step, index) => {
        const next = isNext(saga, index);
        const state = step.state ?? (next ? "next" : "open");
        return html`
          <li key=${step.step} class=${`${state}${next ? " next" : ""}`}>
            <span class="mark" aria-hidden="true">${MARKS[step.state] ?? index + 1}</span>
            <span class="what">
              <strong>${named(`step.${saga.kind}`, step.step)}</strong>
              <span class="sub">${t(`step_state.${state}`)}${step.at && html` · <${At} at=${step.at} as=${clock} />`}</span>
            </span>
          </li>`;
      })}
    </ol>`;
}

/** A saga as it goes, and what came of it. `after` is called once, at the end. */
export function Progress({ id, after }) {
  const from = useLive(`/api/sagas/${id}`, { quickest: 500, slowest: 8_000, until: ended, wait: 10 });
  const saga = from.data;
  const over = saga && ended(saga);
  useEffect(() => {
    if (saga) announce(t(`outcome.${saga.kind}.${saga.status}`));
    if (over) after?.(saga);
  }, [saga?.status]);
  if (!saga) {
    // The record follows the first event; until then there is none.
    const early = !from.error || from.error.code === "not_found";
    return early ? html`<${Loading} lines=${4} />` : html`<${Failed} error=${from.error} retry=${from.refresh} />`;
  }
  return html`
    <div class="progress ${saga.status}">
      <p class="outcome" data-status=${saga.status}>
        ${over ? html`<span class="seal" aria-hidden="true">${saga.status === "completed" ? "✓" : "!"}</span>`
          : html`<span class="spinner" aria-hidden="true"></span>`}
        ${t(`outcome.${saga.kind}.${saga.status}`)}
      </p>
      <${Steps} saga=${saga} />
    </div>`;
}

/** When each step began and ended: it begins when the one before it has ended, and undo goes from the last to the first. */
function spans(saga) {
  let before = Date.parse(saga.startedAt);
  const rows = saga.steps.map((step) => {
    if (!step.at) return { step };
    const at = Date.parse(step.at);
    if (step.state.startsWith("undo")) return { step, at, undo: true };
    const from = Math.min(before, at);
    before = Math.max(before, at);
    return { step, from, at };
  });
  // When the first undo began is not on record: it is a point.
  let undone;
  for (const row of rows.toReversed().filter((one) => one.undo)) {
    row.from = Math.min(undone ?? row.at, row.at);
    undone = row.at;
  }
  return rows;
}

const CHIPS = { succeeded: "good", failed: "bad", undo_failed: "bad", undo_started: "undo", undo_succeeded: "undo", started: "wait" };

/** The times of a saga's steps, drawn to scale, for operators. */
export function Timeline({ saga }) {
  const start = Date.parse(saga.startedAt);
  const rows = spans(saga);
  const last = Math.max(start + 1, ...rows.map((row) => row.at ?? start));
  const place = (at) => ((at - start) / (last - start)) * 100;
  return html`
    <ol class="timeline" aria-label=${t("saga.timeline")}>
      ${rows.map(({ step, from, at, undo }) => html`
        <li key=${step.step}>
          <span class="what"><code>${step.step}</code>
            <span class="sub">${named(`step.${saga.kind}`, step.step)}</span></span>
          <svg class="bar ${step.state ?? "open"}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track" x="0" y="4" width="100" height="2" />
            ${at !== undefined && html`<rect class=${undo ? "undo" : "done"} x=${Math.min(place(from), 98.5)} y="1"
              width=${Math.max(place(at) - place(from), 1.5)} height="8" rx="1" />`}
          </svg>
          <span class="state">
            <span class="chip ${CHIPS[step.state] ?? ""}">
              ${step.state ? t(`step_state.${step.state}`) : t("step_state.open")}</span>
            ${at !== undefined && html`<span class="sub">${at > from && `${duration(at - from)} · `}<${At} at=${step.at} as=${clock} /></span>`}
          </span>
          ${step.detail && html`<p class="detail">${has(`reason.${step.detail}`) ? t(`reason.${step.detail}`) : step.detail}</p>`}
        </li>`)}
    </ol>`;
}

/** A saga in one line. */
export const SagaLine = ({ saga }) => html`
  <span class="line"><strong>${t(`kind.${saga.kind}`)}</strong> <${Status} family="saga_status" status=${saga.status} /></span>`;
