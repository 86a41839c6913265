// The table of texts: complete in both languages, and for everything that the API can say.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { STRINGS } from "../../web/strings.js";

const ROOT = resolve(import.meta.dirname, "../..");
const WEB = resolve(ROOT, "web");
const MODULES = readdirSync(WEB).filter((name) => name.endsWith(".js") && !name.startsWith("vendor-") && name !== "strings.js");
const SOURCES = MODULES.map((name) => readFileSync(resolve(WEB, name), "utf8")).join("\n");
const API = JSON.parse(readFileSync(resolve(ROOT, "functions/openapi/openapi.json"), "utf8"));
const schema = (name) => API.components.schemas[name];

/** The name of a text, without the site that has its own words for it. */
const bare = (name) => name.replace(/^(?:console|mypage)\./, "");

const has = (names) => assert.deepEqual(names.filter((name) => !Object.hasOwn(STRINGS, name)), []);

test("every text is there in Korean and in English", () => {
  for (const [name, texts] of Object.entries(STRINGS)) {
    assert.equal(texts.length, 2, name);
    assert.ok(texts.every((text) => typeof text === "string" && (text.trim() !== "" || name.startsWith("plan.unit.") || name.startsWith("unit."))), name);
  }
});

test("both languages have the same places for values", () => {
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
  for (const [name, [korean, english]] of Object.entries(STRINGS)) {
    assert.deepEqual(places(korean), places(english), name);
  }
});

test("every text that a page names is there", () => {
  const named = [...SOURCES.matchAll(/\bt\("([^"]+)"/g)].map((found) => found[1]);
  assert.ok(named.length > 100);
  has(named);
});

test("every text is used", () => {
  const families = [...SOURCES.matchAll(/(?:\bt|\bhas)\(`([\w.]+)\.\$\{/g)].map((found) => `${found[1]}.`);
  const byName = [...SOURCES.matchAll(/\bnamed\(["`]([\w.]+)/g)].map((found) => `${found[1]}.`);
  const outcomes = ["outcome.", "step.", "order_status.", "bill_status.", "payment_status.", "saga_status.", "parked_state."];
  // Only the statuses of a run are said by what they are called; its other texts would hide behind them.
  const runs = schema("BillingRun").properties.status.enum.map((status) => `run.${status}`);
  const prefixes = [...families.filter((family) => family !== "run."), ...runs, ...byName, ...outcomes, "plan.", "decline."];
  const unused = Object.keys(STRINGS).map(bare).filter((name) =>
    !SOURCES.includes(`"${name}"`) && !prefixes.some((prefix) => name.startsWith(prefix)));
  assert.deepEqual(unused, []);
});

test("a text of one site stands for one of both, and says something else", () => {
  const own = Object.keys(STRINGS).filter((name) => bare(name) !== name);
  assert.ok(own.length > 0);
  has(own.map(bare));
  for (const name of own) assert.notDeepEqual(STRINGS[name], STRINGS[bare(name)], name);
});

test("a customer reads of paying, never of collecting", () => {
  const shown = Object.entries(STRINGS).filter(([name]) => !/^(?:console|today|chart|search|queue|run|saga)\./.test(name));
  assert.deepEqual(shown.filter(([, [korean]]) => korean.includes("수납")), []);
});

test("every code of a problem has its sentence", () => {
  has(schema("Problem").properties.code.enum.map((code) => `code.${code}`));
});

test("every status and every step that the API names has its words", () => {
  has(schema("OrderStatus").enum.map((status) => `order_status.${status}`));
  has(schema("BillStatus").enum.map((status) => `bill_status.${status}`));
  has(schema("PaymentStatus").enum.map((status) => `payment_status.${status}`));
  const kinds = schema("Saga").properties.kind.enum;
  const statuses = schema("SagaStatus").enum;
  has(statuses.map((status) => `saga_status.${status}`));
  has(kinds.flatMap((kind) => [`kind.${kind}`, ...statuses.map((status) => `outcome.${kind}.${status}`)]));
  const states = schema("Saga").properties.steps.items.properties.state.enum;
  has(states.filter(Boolean).map((state) => `step_state.${state}`));
  const directions = schema("Saga").properties.messages.items.properties.direction.enum;
  has(directions.map((direction) => `timeline.key.${direction}`));
  has(schema("Parked").properties.kind.enum.map((kind) => `parked.kind.${kind}`));
  has(schema("Parked").properties.state.enum.map((state) => `parked_state.${state}`));
});

test("every reason for which usage is rejected has its words", () => {
  const reader = readFileSync(resolve(ROOT, "functions/usage_intake/file.rs"), "utf8").split("#[cfg(test)]")[0];
  const intake = readFileSync(resolve(ROOT, "crates/app/src/bill/intake.rs"), "utf8").split("#[cfg(test)]")[0];
  const found = [
    ...[...reader.matchAll(/(?:Err\(|map_err\(\|_\| )"([a-z_]+)"/g)],
    ...[...intake.matchAll(/(?:Some\(|unwrap_or\()"([a-z_]+)"/g)],
    ...[...intake.matchAll(/reject\(\S+, "([a-z_]+)"/g)],
  ].map((match) => match[1]);
  assert.ok(found.length >= 9, String(found));
  has(found.map((reason) => `usage_reason.${reason}`));
});

test("every reason for which a line or a message is parked has its words", () => {
  const codes = (path) => [...readFileSync(resolve(ROOT, path), "utf8").matchAll(/Self::\w+(?:\(_\)| \{ \.\. \})? => "(\w+)"/g)].map((found) => found[1]);
  const lines = codes("crates/domain/src/rating/mod.rs");
  assert.equal(lines.length, 5, String(lines));
  has(lines.map((reason) => `reason.${reason}`));
  // What is busy or has changed is tried again, and given up by the bus.
  const messages = codes("crates/app/src/failure.rs").filter((code) => !["conflict", "unavailable"].includes(code));
  assert.deepEqual(messages, ["malformed", "fault"]);
  has(messages.map((reason) => `reason.${reason}`));
});

test("a charge is called the same on the pages and on the bill's document", () => {
  const words = readFileSync(resolve(ROOT, "crates/app/src/bill/document/words.rs"), "utf8");
  for (const [name, [korean, english]] of Object.entries(STRINGS).filter(([name]) => name.startsWith("charge."))) {
    assert.ok(words.includes(`name("${korean}", "${english}")`), name);
  }
});
