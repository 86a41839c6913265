// Where the moments of a saga stand in the picture of its times. Pure: nothing here touches the page or the language.

/** Percent of the width that two moments are apart at least, so that milliseconds can be seen beside minutes. */
const APART = 3;
/** Percent of the width that may go to moments drawn further apart than they are. */
const STRETCHED = 60;
/** Percent of the width in which what is still awaited runs on. */
const TAIL = 10;
/** Percent of the width that two ticks of the axis are apart at least, so that their texts are. */
const TICKS_APART = 17;
/** Percent of the width from which on a text ends at its tick, where its other half would be cut off. */
export const EDGE = 92;
/** How far apart such a tick is from the one before, as its whole text is between them. */
const EDGE_APART = 24;

const KINDS = { started: "doing", undo_started: "undo" };

/** What a step remembers; of a record from before there was a history, where it stands. */
const changes = (step) => {
  const known = step.history?.length ? step.history : step.at ? [{ state: step.state, at: step.at }] : [];
  return known.map(({ state, at }) => ({ state, at: Date.parse(at) }));
};

/**
 * What happened in a step, in order: `{ kind, from, to, state, attempt }`, times in milliseconds. `kind` is `doing` or
 * `undo`, `state` what came of it, `attempt` counts the undos. What is still awaited has no `to`.
 */
export function parts(step) {
  const found = [];
  let attempt = 0;
  const add = (part) => found.push(part.kind === "undo" ? { ...part, attempt: (attempt += 1) } : part);
  const all = changes(step);
  all.forEach(({ state, at }, index) => {
    const before = all[index - 1];
    const kind = KINDS[before?.state];
    if (kind) add({ kind, from: before.at, to: Math.max(before.at, at), state });
    // An undo that was given up, and answered after all.
    else if (before?.state === "undo_failed" && state === "undo_succeeded") add({ kind: "undo", from: before.at, to: Math.max(before.at, at), state });
    // News of a step that nobody knew to be under way.
    else if (state === "succeeded" || state === "failed") add({ kind: "doing", from: at, to: at, state });
  });
  const last = all.at(-1);
  if (KINDS[last?.state]) add({ kind: KINDS[last.state], from: last.at, state: last.state });
  return found;
}

/** The share of the room that each gap gets: by its length, but no less than `least`. And whether any gets more. */
function share(gaps, least, room) {
  const small = new Set();
  for (;;) {
    const long = gaps.reduce((sum, gap, index) => (small.has(index) ? sum : sum + gap), 0);
    const left = room - least * small.size;
    const more = [...gaps.keys()].filter((index) => !small.has(index) && gaps[index] * left < least * long);
    if (more.length === 0) {
      return { widths: gaps.map((gap, index) => (small.has(index) ? least : (gap * left) / long)), stretched: small.size > 0 };
    }
    for (const index of more) small.add(index);
  }
}

/**
 * A scale on which the moments stand in order, as far apart as they are, but never so near that one hides another.
 * `place` is the percent of the width where a time stands; `stretched` says that some are further apart than they are.
 * When something is `awaited` there is room behind the last one.
 */
export function scale(moments, awaited) {
  const times = [...new Set(moments)].sort((one, other) => one - other);
  const gaps = times.slice(1).map((at, index) => at - times[index]);
  const room = awaited ? 100 - TAIL : 100;
  const { widths, stretched } = share(gaps, Math.min(APART, ((STRETCHED / 100) * room) / gaps.length), room);
  const places = [0];
  for (const width of widths) places.push(places.at(-1) + width);
  const place = (at) => {
    const next = times.findIndex((time) => time >= at);
    if (next <= 0) return next === 0 ? 0 : places.at(-1);
    const within = (at - times[next - 1]) / gaps[next - 1];
    return places[next - 1] + within * widths[next - 1];
  };
  return { place, stretched, from: times[0], to: times.at(-1) };
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
/** Milliseconds from one tick to the next; none is more than twice the one before it, so there are always some. */
const STEPS = [
  ...[1, 10, 100].flatMap((unit) => [1, 2, 3, 5].map((count) => count * unit)),
  ...[SECOND, MINUTE].flatMap((unit) => [1, 2, 3, 5, 10, 15, 20, 30].map((count) => count * unit)),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 10, 100].flatMap((unit) => [1, 2, 3, 5].map((count) => count * unit * DAY)),
];

/** Round times after the first moment of a scale, five at most: `{ elapsed, at }`, in milliseconds and percent. */
export function ticks({ place, from, to }) {
  for (const step of STEPS) {
    const count = Math.floor((to - from) / step) + 1;
    if (count > 5) continue;
    const found = Array.from({ length: count }, (_, index) => ({ elapsed: index * step, at: place(from + index * step) }));
    const apart = ({ at }) => (at > EDGE ? EDGE_APART : TICKS_APART);
    if (found.every((tick, index) => index === 0 || tick.at - found[index - 1].at >= apart(tick))) return found;
  }
  return [{ elapsed: 0, at: 0 }];
}

/** Time since the beginning, exact to the millisecond: `+10:00.051`. */
export function elapsed(ms) {
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(ms / HOUR), Math.floor(ms / MINUTE) % 60, Math.floor(ms / SECOND) % 60];
  const clock = hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  return `+${clock}.${String(ms % SECOND).padStart(3, "0")}`;
}
