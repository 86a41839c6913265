// Numbers and times as they are written, in a page's language.
import { before, test } from "node:test";
import assert from "node:assert/strict";

const DAY = 86_400_000;
let format;

before(async () => {
  // What the language is kept in, where there is no page.
  globalThis.localStorage = { getItem: () => "ko" };
  globalThis.document = { documentElement: {} };
  format = await import("../../web/format.js");
});

test("a date and how many days something took are written each in its own way, whichever comes first", () => {
  const date = () => assert.equal(format.day("2026-11-03"), "2026년 11월 3일");
  const days = () => assert.equal(format.duration(3 * DAY), "3일");
  for (const check of [date, days, date]) check();
});

test("a phone number has the same digits however it is written", () => {
  for (const text of ["01012345678", "010-1234-5678", " 010 1234 5678 ", "+82 10-1234-5678", "+821012345678", "+82 010-1234-5678"]) {
    assert.equal(format.digitsOf(text), "01012345678", text);
  }
  assert.equal(format.digitsOf("kim-010"), "kim010");
});
