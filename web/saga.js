// A business transaction and how far it is, for customers; timeline.js has the picture of its times for operators.
import { At, Failed, Loading, Stale, Status, announce, html, useEffect } from "./ui.js";
import { clock } from "./format.js";
import { named, t } from "./text.js";
import { useLive } from "./live.js";

const ENDED = new Set(["completed", "compensated", "stuck"]);

/** Whether nothing more happens by itself. */
export const ended = (saga) => ENDED.has(saga.status);

const MARKS = { succeeded: "✓", failed: "✕", undo_succeeded: "↩", undo_started: "↩", undo_failed: "!", started: "…" };

/** The step that is under way: the first that did not happen, while the saga goes forward. */
function isNext(saga, index) {
  return saga.status === "running" && saga.steps.findIndex((step) => step.state !== "succeeded") === index;
}

/** Where a step stands: one that has not happened when all is over will not. */
export const stateOf = (saga, step, otherwise = "open") => step.state ?? (ended(saga) ? "skipped" : otherwise);

/** The steps in words for the customer. */
export function Steps({ saga }) {
  return html`
    <ol class="steps">
      ${saga.steps.map((step, index) => {
        const next = isNext(saga, index);
        const state = stateOf(saga, step, next ? "next" : "open");
        return html`
          <li key=${step.step} class=${`${step.state ?? (next ? "" : "open")}${next ? " next" : ""}`}>
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
      <${Stale} from=${from} />
      <p class="outcome" data-status=${saga.status}>
        ${over ? html`<span class="seal" aria-hidden="true">${saga.status === "completed" ? "✓" : "!"}</span>`
          : html`<span class="spinner" aria-hidden="true"></span>`}
        ${t(`outcome.${saga.kind}.${saga.status}`)}
      </p>
      <${Steps} saga=${saga} />
    </div>`;
}

/** A saga in one line. */
export const SagaLine = ({ saga }) => html`
  <span class="line"><strong>${t(`kind.${saga.kind}`)}</strong> <${Status} family="saga_status" status=${saga.status} /></span>`;
