// Where the moments of a saga stand in its picture: in order, true to scale where that can be seen, and never hidden.
import { test } from "node:test";
import assert from "node:assert/strict";
import { EDGE, elapsed, parts, scale, ticks } from "../../web/timescale.js";

const MINUTE = 60_000;
const START = Date.parse("2026-11-02T10:00:00.000+09:00");
const after = (ms) => new Date(START + ms).toISOString();
/** A step with the states that it came to, so many milliseconds after the start. */
const step = (...changes) => {
  const history = changes.map(([state, ms]) => ({ state, at: after(ms) }));
  return { step: "pay.captured", ...(history.at(-1) ?? { state: null, at: null }), history };
};
const shown = (...changes) => parts(step(...changes))
  .map(({ kind, from, to, state, attempt }) => [kind, from - START, to && to - START, state, attempt]);

/** Numbers that look random and are the same each time. */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("a step that succeeds, or fails, is one part from its beginning to its end", () => {
  assert.deepEqual(shown(["started", 10], ["succeeded", 30]), [["doing", 10, 30, "succeeded", undefined]]);
  assert.deepEqual(shown(["started", 10], ["failed", 30]), [["doing", 10, 30, "failed", undefined]]);
});

test("every attempt to undo a step is a part, and what lies between two attempts is none", () => {
  const states = [["started", 0], ["succeeded", 5], ["undo_started", 100], ["undo_failed", 120], ["undo_started", 900], ["undo_succeeded", 950]];
  assert.deepEqual(shown(...states), [
    ["doing", 0, 5, "succeeded", undefined],
    ["undo", 100, 120, "undo_failed", 1],
    ["undo", 900, 950, "undo_succeeded", 2],
  ]);
});

test("what is awaited has no end", () => {
  assert.deepEqual(shown(["started", 7]), [["doing", 7, undefined, "started", undefined]]);
  assert.deepEqual(shown(["started", 0], ["succeeded", 1], ["undo_started", 7]).at(-1), ["undo", 7, undefined, "undo_started", 1]);
});

test("an undo that answers after it was given up ends then", () => {
  const states = [["undo_started", 0], ["undo_failed", 600], ["undo_succeeded", 700]];
  assert.deepEqual(shown(...states).at(-1), ["undo", 600, 700, "undo_succeeded", 2]);
});

test("news of a step that nobody knew to be under way is a point", () => {
  assert.deepEqual(shown(["succeeded", 9]), [["doing", 9, 9, "succeeded", undefined]]);
});

test("a step of a record without a history is shown as it stands, and one that never began not at all", () => {
  assert.deepEqual(parts({ state: "succeeded", at: after(9) }).length, 1);
  assert.deepEqual(parts({ state: null, at: null, history: [] }), []);
});

test("a clock that goes back makes no part that ends before it begins", () => {
  assert.deepEqual(shown(["started", 50], ["succeeded", 40]), [["doing", 50, 50, "succeeded", undefined]]);
});

test("moments that are of the same order stand true to scale", () => {
  const { place, stretched } = scale([0, 25, 50, 100], false);
  assert.equal(stretched, false);
  assert.deepEqual([0, 10, 25, 50, 100].map(place), [0, 10, 25, 50, 100]);
});

test("milliseconds can be seen behind minutes, and the minutes keep their proportions", () => {
  const ends = [10 * MINUTE, 10 * MINUTE + 12, 10 * MINUTE + 20, 10 * MINUTE + 50];
  const { place, stretched } = scale([0, ...ends], false);
  assert.equal(stretched, true);
  const [minutes, ...rest] = ends.map(place);
  assert.ok(minutes > 80 && Math.abs(place(5 * MINUTE) - minutes / 2) < 1e-9);
  rest.reduce((before, at) => {
    assert.ok(at - before > 2.9, `${at} is too near to ${before}`);
    return at;
  }, minutes);
  assert.ok(Math.abs(rest.at(-1) - 100) < 1e-9);
});

test("what is awaited has room behind everything that happened", () => {
  for (const moments of [[START], [START, START + 1], [START, START + 1, START + 10 * MINUTE]]) {
    assert.ok(scale(moments, true).place(moments.at(-1)) <= 90);
  }
});

test("moments stand in order within the picture, whatever they are", () => {
  const below = chance(7);
  for (let round = 0; round < 500; round += 1) {
    const moments = Array.from({ length: 1 + below(80) }, () => below([10, 1_000, MINUTE, 100 * 24 * 60 * MINUTE][below(4)]));
    const times = scale(moments, below(2) === 0);
    const places = [...new Set(moments)].sort((one, other) => one - other).map(times.place);
    assert.equal(places[0], 0);
    assert.ok(places.every((at, index) => at <= 100.000001 && (index === 0 || at - places[index - 1] > 0.5)), String(moments));
    const marks = ticks(times);
    assert.ok(marks.length >= 1 && marks.length <= 5 && marks.every(({ at }) => at <= 100.000001));
    assert.ok(marks.every(({ at }, index) => index === 0 || at - marks[index - 1].at >= 17), JSON.stringify(marks));
  }
});

test("the axis has three to five round times when the scale is even", () => {
  for (const total of [6, 40, 97, 1_300, 59_000, 10 * MINUTE, 95 * MINUTE, 30 * 60 * MINUTE, 9 * 24 * 60 * MINUTE]) {
    const found = ticks(scale([START, START + total], false));
    assert.ok(found.length >= 3 && found.length <= 5, `${total}: ${JSON.stringify(found)}`);
    assert.equal(found[0].elapsed, 0);
  }
  const minutes = ticks(scale([START, START + 10 * MINUTE], false));
  assert.deepEqual(minutes.map((tick) => [tick.elapsed / MINUTE, Math.round(tick.at)]), [[0, 0], [3, 30], [6, 60], [9, 90]]);
});

test("the text of a tick at the edge, which ends there, has all of its room before it", () => {
  const moments = [0, 43, 86, 91, 164, 322, 435].map((ms) => START + ms);
  for (const times of [moments, ...Array.from({ length: 400 }, (_, more) => [...moments.slice(0, -1), START + 323 + more])]) {
    const found = ticks(scale(times, false));
    for (const [index, { at }] of found.entries()) {
      if (index > 0) assert.ok(at - found[index - 1].at >= (at > EDGE ? 24 : 17), JSON.stringify(found));
    }
  }
});

test("a saga that has just begun has an axis with its beginning", () => {
  assert.deepEqual(ticks(scale([START], true)), [{ elapsed: 0, at: 0 }]);
});

test("time since the beginning is exact to the millisecond", () => {
  assert.deepEqual([0, 51, 600_051, 5_999_999, 93_784_005].map(elapsed), ["+0:00.000", "+0:00.051", "+10:00.051", "+1:39:59.999", "+26:03:04.005"]);
});
