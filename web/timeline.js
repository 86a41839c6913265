// The times of a saga, for operators: a picture drawn to scale, and its messages one by one.
import { At, html } from "./ui.js";
import { clock, duration, number } from "./format.js";
import { EDGE, elapsed, parts, scale, ticks } from "./timescale.js";
import { has, named, t } from "./text.js";
import { stateOf } from "./saga.js";

const CHIPS = { succeeded: "good", failed: "bad", undo_failed: "bad", undo_started: "wait", undo_succeeded: "wait", started: "now" };
/** How a mark of the message's direction is drawn, around the place where it stands. */
const SHAPES = { received: "M-4 -9h8l-4 8z", sent: "M-4 9h8l-4 -8z", operator: "M0 -11l5 5l-5 5l-5 -5z" };
const ARROWS = { received: "←", sent: "→", operator: "◆" };
const DEADLINE = "saga.deadline";

/** How a part of a step is drawn: done, or undone; gone wrong; or still awaited, as is what an undo cut off. */
function look({ kind, to, state }) {
  if (to === undefined || state === "undo_started") return `${kind} awaited`;
  if (state === "failed" || state === "undo_failed") return `${kind} bad`;
  return state === "succeeded" ? "doing" : kind;
}

const percent = (value) => `${value.toFixed(3)}%`;

/** A part of a step on its row: undo is half as high, so that it can be told apart without its colour. */
function Part({ part, place }) {
  const [from, to] = [place(part.from), part.to === undefined ? 100 : place(part.to)];
  const width = Math.max(to - from, 1);
  const half = part.kind === "undo" ? 5 : 9;
  return html`<rect class=${look(part)} x=${percent(Math.min(from, 100 - width))} width=${percent(width)}
    y="50%" height=${2 * half} transform=${`translate(0 ${-half})`} rx="3" />`;
}

/** The lines that go through all rows: round times, and deadlines. */
const Lines = ({ marks, deadlines }) => html`
  ${marks.map(({ at }) => html`<line class="grid" x1=${percent(at)} x2=${percent(at)} y1="0" y2="100%" />`)}
  ${deadlines.map((at) => html`<line class="deadline" x1=${percent(at)} x2=${percent(at)} y1="0" y2="100%" />`)}`;

/** How long a step and its undos took, in words. */
function took(all) {
  const sum = (kind) => {
    const ended = all.filter((part) => part.kind === kind && part.to !== undefined);
    const ms = ended.reduce((total, part) => total + part.to - part.from, 0);
    return { count: ended.length, ms, time: duration(ms) };
  };
  const [doing, undo] = [sum("doing"), sum("undo")];
  return [
    // A step that the record begins with was done before anybody took its time.
    doing.ms > 0 && t("timeline.doing", doing),
    undo.count === 1 && t("timeline.undo", undo),
    undo.count > 1 && t("timeline.undos", { ...undo, count: number(undo.count) }),
  ].filter(Boolean).join(" · ");
}

/** A part of a step for who cannot see the picture. */
function inWords({ kind, from, to, state, attempt }, start) {
  const what = kind === "undo" ? t("timeline.attempt", { count: number(attempt) }) : t("timeline.step");
  const values = { what, from: duration(from - start), state: t(`step_state.${state}`) };
  return to === undefined || to === from ? t("timeline.moment", values) : t("timeline.part", { ...values, time: duration(to - from) });
}

const Row = ({ saga, step, all, start, children }) => html`
  <li class="row ${step.state ?? "open"}">
    <span class="what"><code>${step.step}</code><span class="sub">${named(`step.${saga.kind}`, step.step)}</span></span>
    <span class="plot"><svg aria-hidden="true">${children}</svg></span>
    <span class="state">
      <span class="chip ${CHIPS[step.state] ?? ""}">${t(`step_state.${stateOf(saga, step)}`)}</span>
      <span class="sub took" aria-hidden="true">${took(all)}</span>
      <span class="hidden">${all.map((part) => `${inWords(part, start)}. `)}</span>
      ${step.detail && html`<span class="sub">${has(`reason.${step.detail}`) ? t(`reason.${step.detail}`) : step.detail}</span>`}
    </span>
  </li>`;

const Key = ({ name, children }) => html`
  <span><svg class="key" width="20" height="14" aria-hidden="true">${children}</svg>${t(`timeline.key.${name}`)}</span>`;

/** What of the picture means what: only what is in it. */
function Legend({ all, messages, deadlines }) {
  const looks = new Set(all.map(look).flatMap((classes) => (classes.includes("awaited") ? ["awaited"] : classes.split(" ").at(-1))));
  const bar = (name) => html`<${Key} name=${name}><rect class=${name} y=${name === "undo" ? 3 : 1} width="20" height=${name === "undo" ? 8 : 12} rx="3" /><//>`;
  const mark = (name) => html`<${Key} name=${name}><path class=${name} d=${SHAPES[name]} transform=${`translate(10 ${{ received: 12, sent: 2, operator: 13 }[name]})`} /><//>`;
  return html`
    <p class="legend" aria-hidden="true">
      ${["doing", "undo", "bad", "awaited"].filter((name) => looks.has(name)).map(bar)}
      ${deadlines.length > 0 && html`<${Key} name="deadline"><line class="deadline" x1="10" x2="10" y1="0" y2="14" /><//>`}
      ${Object.keys(SHAPES).filter((name) => messages.some((message) => message.direction === name)).map(mark)}
    </p>`;
}

const anchor = (at) => (at < 5 ? "start" : at > EDGE ? "end" : "middle");

/** The times of a saga's steps and messages, drawn to scale. */
export function Timeline({ saga }) {
  const start = Date.parse(saga.startedAt);
  const steps = saga.steps.map((step) => ({ step, all: parts(step) }));
  const all = steps.flatMap((row) => row.all);
  const messages = (saga.messages ?? []).map((message) => ({ ...message, at: Math.max(start, Date.parse(message.at)) }));
  const moments = all.flatMap(({ from, to }) => [from, to ?? from]).concat(messages.map(({ at }) => at));
  const times = scale([start, ...moments].map((at) => Math.max(start, at)), all.some(({ to }) => to === undefined));
  const deadlines = messages.filter(({ name }) => name === DEADLINE).map(({ at }) => times.place(at));
  const marks = ticks(times);
  const lines = html`<${Lines} marks=${marks} deadlines=${deadlines} />`;
  return html`
    <div class="timeline">
      <ol aria-label=${t("saga.timeline")}>
        ${steps.map((row) => html`<${Row} key=${row.step.step} saga=${saga} start=${start} ...${row}>
          ${lines}<rect class="track" y="50%" width="100%" height="2" transform="translate(0 -1)" />
          ${row.all.map((part) => html`<${Part} part=${part} place=${times.place} />`)}<//>`)}
      </ol>
      ${messages.length > 0 && html`<div class="row lane" aria-hidden="true">
        <span class="what sub">${t("saga.messages")}</span>
        <span class="plot"><svg>${lines}${messages.map(({ at, direction }) => html`
          <svg x=${percent(times.place(at))} y="50%"><path class=${direction} d=${SHAPES[direction]} /></svg>`)}</svg></span>
      </div>`}
      <div class="row axis" aria-hidden="true"><span class="plot"><svg>${marks.map((tick) => html`
        <text x=${percent(tick.at)} y="14" text-anchor=${anchor(tick.at)}>${tick.elapsed ? duration(tick.elapsed) : "0"}</text>`)}</svg></span></div>
      <${Legend} all=${all} messages=${messages} deadlines=${deadlines} />
      ${times.stretched && html`<p class="sub" aria-hidden="true">${t("timeline.stretched")}</p>`}
    </div>`;
}

/** What a saga received and sent, one by one. */
export function Messages({ saga }) {
  const start = Date.parse(saga.startedAt);
  return html`
    ${saga.messagesLeftOut > 0 && html`<p class="note">${t("saga.left_out", { count: number(saga.messagesLeftOut) })}</p>`}
    <ol class="messages">${saga.messages.map(({ at, direction, name, messageId }) => html`
      <li key=${`${direction} ${messageId ?? at}`}>
        <span class="elapsed">${elapsed(Math.max(0, Date.parse(at) - start))}</span>
        <span class="sub"><${At} at=${at} as=${clock} /></span>
        <span class="direction"><span aria-hidden="true">${ARROWS[direction]}</span> ${t(`timeline.key.${direction}`)}</span>
        <code class="name">${direction === "operator" ? t(`saga.asked.${name}`) : name}</code>
        ${messageId && html`<code class="sub">${messageId}</code>`}
      </li>`)}</ol>`;
}
