// The console: the run, a stuck saga, a dead letter, a search, and a usage file.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT_ONCE, AWAY, DESK, PHONE, expect, gate, holds, isFit, signIn } from "./browser.mjs";
import { until } from "./host.mjs";
import { host, stage, visit } from "./stage.mjs";
import { EVERYWHERE, monthIn, wordsOf } from "./words.mjs";

const CONSOLE = "/api/web/console";
const OPERATOR = "청구 운영자";

// Without this function, a charge is never taken to its bill: its saga runs into its deadline, and its message dies.
stage({ off: ["bill_on_payment_captured"], now: "2026-10-05T10:00:00+09:00" });

/** The row of a step in the picture of a saga, and the parts in it. */
function rowOf(page, step) {
  const row = page.locator(".timeline li", { has: page.getByText(step, { exact: true }) });
  return { row, parts: row.locator("rect:not(.track)") };
}

/** Every part of the picture can be seen, stands within its row, and none hides another. */
const isLegible = (page) => holds(async () => {
  const rows = await page.locator(".timeline li").evaluateAll((all) => all.map((row) => {
    const box = (part) => (({ left, right }) => ({ left, right }))(part.getBoundingClientRect());
    return { plot: box(row.querySelector(".plot")), parts: [...row.querySelectorAll("rect:not(.track)")].map(box) };
  }));
  assert.equal(rows.length, 3);
  for (const { plot, parts } of rows) {
    for (const [index, { left, right }] of parts.entries()) {
      assert.ok(right - left >= 2.5 && left >= plot.left - 1 && right <= plot.right + 1, JSON.stringify({ plot, parts }));
      assert.ok(index === 0 || left >= parts[index - 1].right - 0.5, JSON.stringify(parts));
    }
  }
  const ticks = await page.locator(".timeline .axis text").evaluateAll((all) => all.map((text) => text.getBoundingClientRect()).map(({ left, right }) => ({ left, right })));
  assert.ok(ticks.every(({ left }, index) => index === 0 || left > ticks[index - 1].right), JSON.stringify(ticks));
});

/** The names of a saga's messages, in their order. */
const messagesOf = (page) => page.locator(".messages .name");

/** What the parts of a picture look like. */
const looksOf = (parts) => expect.poll(() => parts.evaluateAll((all) => all.map((part) => part.getAttribute("class"))));

const digits = (text) => Number(text.replace(/[^0-9]/g, ""));

/** A message of this name that waits for an operator. */
const parkedItem = (name) => ({
  parkedId: name.padStart(32, "0"), kind: "message", state: "waiting", reason: "unreadable", detail: null,
  function: "bill_on_order_placed", parkedAt: "2026-11-20T10:00:00+09:00", message: { subject: name },
});

const enter = (page) => signIn(page, CONSOLE, OPERATOR);

for (const { language, size } of EVERYWHERE) {
  const screen = size === "desk" ? DESK : PHONE;
  const at = `in ${language === "ko" ? "Korean" : "English"} on a ${size}`;
  const words = wordsOf(language, "console");
  const name = `${language}-${size}`;

  test(`a month is run and watched ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const line = await host.openLine(`run-${name}`, { plan: "lte-light" });
    await host.setClock("2026-11-02T10:00:00+09:00");
    const before = await host.json("/api/billing-runs/2026-10", { who: "operator-1" }).catch(() => ({ passes: 0 }));
    const { passes } = before;
    await visit({ screen, language, expected: [404] }, async (page) => {
      await enter(page);
      await page.locator(".tiles").first().waitFor();
      await isFit(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.runs") }).click();
      await page.locator("#month").selectOption("2026-10");
      await page.locator(".bar button").click();
      const month = monthIn(language, "2026-10");
      const asked = page.locator("dialog[open]", { hasText: words("run.question", { month }) });
      await asked.waitFor();
      assert.equal((await host.json("/api/billing-runs/2026-10", { who: "operator-1" }).catch(() => before)).passes, passes, "not by one press");
      await isFit(page);
      await asked.getByRole("button", { name: words("run.confirm") }).dblclick();
      await asked.waitFor({ state: "detached" });
      const run = page.locator('.run[data-status="completed"]', { hasText: words("run.passes", { count: passes + 1 }) });
      await run.waitFor();
      await page.locator("#live", { hasText: words("run.completed") }).waitFor();
      await page.locator(".after", { hasText: words("run.again.help") }).waitFor();
      await page.getByText(words("run.no_parked")).waitFor();
      await expect(run.locator(".pace")).toContainText(words("saga.started"));
      await expect.poll(() => run.locator("progress").evaluate((bar) => bar.position)).toBe(1);
      await isFit(page);
    });
    const bills = await host.json("/api/bills", { who: `run-${name}` });
    assert.deepEqual(bills.items.map((bill) => [bill.orderId, bill.usageMonth]), [[line.orderId, "2026-10"]]);
  });

  test(`the numbers of now are those of the back end ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const who = `figures-${name}`;
    await host.openLine(who, { plan: "lte-light" });
    await host.setClock("2026-11-02T10:00:00+09:00");
    await host.openLine(who, { plan: "lte-light" });
    await host.runMonth("2026-10");
    await host.myPage(who, "the bill", (page) => page.bills.length === 1);
    const figures = () => host.json("/api/figures", { who: "operator-1" });
    await until("both lines", async () => {
      const { days, months } = await figures();
      return days.at(-1).orders > 0 && months.at(-1).issued > 0;
    });
    const format = new Intl.NumberFormat(language === "ko" ? "ko-KR" : "en-US");
    await visit({ screen, language }, async (page) => {
      await enter(page);
      const tile = (label) => page.locator(`[data-name="today.${label}"]`);
      await tile("orders").waitFor();
      await page.locator(".months", { hasText: words("today.money") }).locator("summary").click();
      const month = page.locator(".months", { hasText: words("today.months") });
      await month.locator("summary").click();
      const cells = month.locator("tbody tr").first().locator("td");
      // What other tests did may still be on its way to the sums, and the page is not told of it at once.
      await holds(async () => {
        const now = await figures();
        const today = now.days.at(-1);
        for (const [label, count, sum, counted = "today.count"] of [
          ["orders", today.orders, today.orders],
          ["active", now.lines.active, now.lines.active, "today.lines"],
          ["paid", today.payments, today.paid],
          ["refunded", today.refunds, today.refunded],
          ["unpaid", now.unpaid.bills, now.unpaid.outstanding],
        ]) {
          await expect(tile(label).locator("strong")).toHaveText(words(counted, { count: format.format(count) }), AT_ONCE);
          await expect(tile(label)).toContainText(format.format(sum), AT_ONCE);
        }
        const money = (await cells.allTextContents()).map(digits);
        assert.deepEqual(money, [now.months.at(-1).amount, now.months.at(-1).outstanding]);
        // The function that is switched off has left messages on its subscription, or will.
        const waiting = digits(await page.locator(".queues dd").first().textContent());
        assert.equal(waiting, now.queues.reduce((sum, one) => sum + one.active, 0));
      });
      const beside = (one) => page.locator("section", { has: page.locator(`[data-name="today.${one}"]`) }).last().locator("h2");
      await expect(beside("paid")).toHaveText(words("today.business"));
      await expect(beside("unpaid")).toHaveText(words("today.overall"));
      await expect(page.locator(".as-of")).toContainText(words("today.as_of", { time: "" }).trim());
      const counts = page.locator(".tiles").first();
      await expect(counts.locator(".tile")).toHaveCount(5);
      await expect(counts.locator("a"), "there is no list of payments being checked").toHaveCount(4);
      // No hole: the last tile of every row ends where the row does.
      await holds(async () => {
        const [row, last] = await Promise.all([counts.boundingBox(), counts.locator(".tile").last().boundingBox()]);
        assert.ok(Math.abs(row.x + row.width - last.x - last.width) < 1, JSON.stringify({ row, last }));
      });
      await isFit(page);
    });
  });

  test(`a stuck saga is found and tried again ${at}`, async () => {
    const { sagaId: saga, paymentId, paymentKey } = await host.stuckPayment(`stuck-${name}`);
    await visit({ screen, language }, async (page) => {
      await enter(page);
      await page.locator(".tile.bad").first().click();
      await page.locator(".choice [aria-current]", { hasText: words("saga_status.stuck") }).waitFor();
      await isFit(page);
      await page.locator(`a[href$="${saga}"]`).click();
      await page.locator(".timeline .undo_failed").waitFor();
      await page.getByText(words("reason.NOT_CANCELABLE_PAYMENT")).waitFor();
      await page.locator('[data-attempts="1"]').waitFor();
      await page.locator(`a[href="#/search/stuck-${name}/payments/${paymentId}"]`, { hasText: words("search.see.payment") }).waitFor();
      await isFit(page);
      await isLegible(page);
      const { row, parts } = rowOf(page, "pay.captured");
      await expect(row.locator("line.deadline"), "its deadline passed once").toHaveCount(1);
      await looksOf(parts).toEqual(["doing", "undo bad"]);
      await page.getByRole("button", { name: words("saga.retry") }).click();
      await page.locator('[data-attempts="2"]').waitFor();
      await row.locator(".undo.bad").nth(1).waitFor();
      await row.locator(".took", { hasText: words("timeline.undos", { count: 2, time: "" }).trim() }).waitFor();
      await expect(row.locator(".hidden")).toHaveText(new RegExp(`${words("timeline.attempt", { count: 2 })}.*${words("step_state.undo_failed")}`));
      await page.locator(".messages .direction", { hasText: words("timeline.key.operator") }).waitFor();
      await page.locator(".messages .name", { hasText: words("saga.asked.retry") }).waitFor();
      await isFit(page);
      await isLegible(page);
      // The gateway has been told to let the refund through.
      await host.json(`/dev/gateway/payments/${paymentKey}`, { method: "PUT", body: { card: "approve" } });
      await page.getByRole("button", { name: words("saga.retry") }).click();
      await page.getByText(words("saga_status.compensated")).first().waitFor();
      await expect(parts, "the charge, and three attempts to give it back").toHaveCount(4);
      await expect(row.locator(".undo:not(.bad)")).toHaveCount(1);
      await expect.poll(async () => (await messagesOf(page).allTextContents()).slice(-6)).toEqual([
        words("saga.asked.retry"), "pay.refund", "saga.undo_refused", words("saga.asked.retry"), "pay.refund", "pay.compensated",
      ]);
      await isFit(page);
      await isLegible(page);
    });
    const after = await host.sagaEnds(saga, "operator-1");
    assert.equal(after.status, "compensated");
  });

  test(`a saga is watched while it waits, meets its deadline and is undone ${at}`, async () => {
    const { sagaId } = await host.heldPayment(`held-${name}`, "approve");
    await visit({ screen, language }, async (page) => {
      await enter(page);
      await page.goto(`${CONSOLE}#/sagas/${sagaId}`);
      const { row, parts } = rowOf(page, "bill.settled");
      await row.locator(".awaited").waitFor();
      await holds(async () => {
        const [bar, plot] = await Promise.all([parts.first().boundingBox(), row.locator(".plot").boundingBox()]);
        assert.ok(Math.abs(bar.x + bar.width - plot.x - plot.width) < 2, "what is awaited goes on to the edge");
      });
      await page.locator(".legend", { hasText: words("timeline.key.awaited") }).waitFor();
      await expect(page.locator(".timeline .deadline")).toHaveCount(0);
      await expect(messagesOf(page)).toHaveText(["pay.captured"]);
      await isFit(page);

      await host.setClock("2026-11-02T10:15:00+09:00");
      await page.locator(".heading", { hasText: words("saga_status.compensated") }).waitFor();
      await looksOf(parts).toEqual(["doing bad", "undo"]);
      await expect(row.locator(".took")).toHaveText(new RegExp(`^${words("timeline.doing", { time: "" })}1[45].* · ${words("timeline.undo", { time: "" })}\\d+`));
      await row.getByText(words("reason.deadline")).waitFor();
      await page.getByText(words("timeline.stretched")).waitFor();
      await page.locator(".legend", { hasText: words("timeline.key.deadline") }).waitFor();
      await expect(messagesOf(page)).toHaveText([
        "pay.captured", "saga.deadline", "pay.stop_completion", "pay.completion_stopped",
        "bill.revert_settlement", "bill.settlement_reverted", "pay.refund", "pay.compensated",
      ]);
      await expect(page.locator(".messages .direction", { hasText: words("timeline.key.sent") })).toHaveCount(3);
      await expect(page.locator(".timeline .lane path"), "each has its mark").toHaveCount(8);
      await isFit(page);
      await isLegible(page);
    });
  });

  test(`the picture of a saga that went well, and of one that failed, tells each step's time ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const line = await host.openLine(`well-${name}`, { plan: "lte-light" });
    const order = { plan: "lte-light", wishNumber: line.number };
    const { sagaId } = await host.json("/api/orders", { method: "POST", who: `ill-${name}`, body: order });
    assert.equal((await host.sagaEnds(sagaId, "operator-1")).status, "compensated");
    await visit({ screen, language }, async (page) => {
      await enter(page);
      await page.goto(`${CONSOLE}#/sagas/open-${line.orderId}`);
      await page.locator(".timeline .succeeded").nth(2).waitFor();
      const parts = page.locator(".timeline li rect:not(.track)");
      await looksOf(parts).toEqual(["doing", "doing", "doing"]);
      await page.locator(".timeline .took", { hasText: new RegExp(`^${words("timeline.doing", { time: "" })}\\d`) }).first().waitFor();
      // The record may hear of two events in another order than they happened in.
      await expect.poll(async () => (await messagesOf(page).allTextContents()).sort()).toEqual(["bill.account_opened", "order.activated", "order.placed"]);
      await isFit(page);
      await isLegible(page);

      await page.goto(`${CONSOLE}#/sagas/${sagaId}`);
      await page.locator(".timeline .failed").waitFor();
      // A step of which it has not heard when the next one fails is cut off by its undo.
      // It may even hear of that failure first.
      const looks = async () => (await parts.evaluateAll((all) => all.map((part) => part.getAttribute("class")))).join(", ");
      await expect.poll(looks).toMatch(/^doing( awaited)?, undo, (doing( awaited)?, )?undo, doing bad$/);
      await page.getByText(words("reason.number_taken")).waitFor();
      const undo = ["bill.close_account", "bill.account_closed", "order.reject", "order.rejected"];
      await expect.poll(async () => (await messagesOf(page).allTextContents()).filter((message) => undo.includes(message))).toEqual(undo);
      await isFit(page);
      await isLegible(page);
    });
  });

  test(`a dead letter is read and replayed, another one discarded ${at}`, async () => {
    const { sagaId: deadSaga } = await host.stuckPayment(`dead-${name}`);
    await host.stuckPayment(`waste-${name}`);
    // Longer than the bus keeps a message that nobody takes.
    await host.setClock("2026-11-20T10:00:00+09:00");
    const letters = async () => (await host.json("/api/parked?limit=200", { who: "operator-1" })).items;
    /** The dead letter that tells of a customer's charge. */
    const letterOf = async (who) => (await letters())
      .find((item) => item.message?.subject === "pay.captured" && JSON.stringify(item.message).includes(who))?.parkedId;
    const dead = await until("the first dead letter", () => letterOf(`dead-${name}`));
    const waste = await until("the second dead letter", () => letterOf(`waste-${name}`));
    await visit({ screen, language }, async (page) => {
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.parked") }).click();
      const open = page.locator("dialog[open]");
      const inspect = async (id) => {
        await page.locator(`[data-id="${id}"]`).getByRole("button", { name: words("parked.inspect") }).click();
        await open.locator("pre", { hasText: "pay.captured" }).waitFor();
        await expect(open.locator("dt:empty")).toHaveCount(0);
        await isFit(page);
      };
      const isGone = async (id, how) => {
        const notice = page.locator(".note.done", { hasText: words(`parked.ended.${how}`, { what: "pay.captured" }) });
        await notice.waitFor();
        await page.locator(`[data-id="${id}"]`).waitFor({ state: "detached" });
        await expect(notice, "the focus is on what was done").toBeFocused();
        assert.ok((await letters()).every((item) => item.parkedId !== id));
      };
      await isFit(page);
      const row = page.locator(`[data-id="${dead}"]`);
      await expect(row.locator("strong")).toHaveText("pay.captured");
      await row.locator(`a[href="#/search/dead-${name}"]`).waitFor();
      await row.locator(`a[href="#/sagas/${deadSaga}"]`).waitFor();
      await inspect(dead);
      await open.getByRole("button", { name: words("parked.replay") }).click();
      await isGone(dead, "replay");

      await inspect(waste);
      await open.getByRole("button", { name: words("parked.discard") }).click();
      await open.getByRole("alert").waitFor();
      const sure = open.getByRole("button", { name: words("parked.discard.sure") });
      await expect(sure, "the answers to the question can be seen").toBeInViewport({ ratio: 0.99 });
      await isFit(page);
      await open.getByRole("button", { name: words("keep") }).click();
      await open.getByRole("alert").waitFor({ state: "detached" });
      await open.getByRole("button", { name: words("parked.discard") }).click();
      await sure.click();
      await isGone(waste, "discard");
      await page.getByRole("link", { name: words("parked.done") }).click();
      await page.locator(".chip", { hasText: words("parked_state.replayed") }).first().waitFor();
      await page.locator(".chip", { hasText: words("parked_state.discarded") }).first().waitFor();
      await isFit(page);
    });
  });

  test(`a parked line is found behind everything else, and dealt with where the run is ${at}`, async () => {
    const stamp = "2026-11-02T10:00:00+09:00";
    const parked = (index, what) => ({ parkedId: String(index).padStart(32, "0"), state: "waiting", reason: "unreadable", detail: null, parkedAt: stamp, ...what });
    const letters = Array.from({ length: 200 }, (_, index) => parked(index, { kind: "dead_letter", source: "billing", message: { messageId: `${index}`, body: "no JSON" } }));
    const bill = { billId: "202610-01hzzzzzzzzzzzzzzzzzzzzzzz", customerId: `held-back-${name}`, usageMonth: "2026-10", number: "01012345678", status: "on_hold" };
    const line = parked(200, { kind: "billing_line", bill, reason: "amount_out_of_range" });
    const other = parked(201, { kind: "billing_line", bill: { ...bill, usageMonth: "2026-09", number: "01087654321" } });
    const run = { usageMonth: "2026-10", status: "running", passes: 1, lines: 0, issued: 0, skipped: 0, parked: 1, bucketsDone: 1, buckets: 4, startedAt: stamp };
    let now = run;
    let behind = [line, other];
    await host.setClock(stamp);
    await visit({ screen, language }, async (page) => {
      await page.route("**/api/billing-runs/2026-10", (route) => route.fulfill({ json: now }));
      const [held, answer] = gate();
      await page.route("**/api/parked?**", async (route) => {
        const second = route.request().url().includes("cursor=second");
        if (second) await held;
        await route.fulfill({ json: second ? { items: behind, cursor: null } : { items: letters, cursor: "second" } });
      });
      await page.route(`**/api/parked/${line.parkedId}/replay`, (route) => {
        behind = [other];
        return route.fulfill({ json: { parkedId: line.parkedId, state: "replayed" } });
      });
      await enter(page);
      await page.goto(`${CONSOLE}#/runs`);
      const lines = page.locator("section", { hasText: words("run.parked_lines") }).last();
      await lines.locator(".loading").waitFor();
      await expect(page.getByText(words("run.no_parked")), "nobody has looked yet").toHaveCount(0);
      answer();
      const row = lines.locator(`[data-id="${line.parkedId}"]`, { hasText: "010-1234-5678" });
      await row.waitFor();
      await expect(lines.locator("[data-id]")).toHaveCount(1);
      await row.getByText(words("reason.amount_out_of_range")).waitFor();
      await row.locator(`a[href="#/search/${bill.customerId}"]`).waitFor();
      await expect(row.locator('a[href*="/bills/"]'), "it is no bill yet").toHaveCount(0);
      await expect(page.locator(".bar button.primary"), "running it again is not what is to be done now").toHaveCount(0);
      await isFit(page);

      await row.getByRole("button", { name: words("parked.inspect") }).click();
      await page.locator("dialog[open]").getByRole("button", { name: words("parked.replay") }).click();
      await page.getByText(words("run.no_parked")).waitFor();
      await expect(lines.locator(".note.done")).toBeFocused();

      now = { ...run, status: "completed", bucketsDone: 4, finishedAt: "2026-11-02T10:00:13.4+09:00" };
      await page.locator("#live", { hasText: words("run.completed") }).waitFor();
      await expect(page.locator(".pace")).not.toContainText(".4");
      await expect(page.locator(".pace")).not.toContainText(words("run.rate", { rate: 0 }));
      await expect(page.locator(".bar button.primary")).toHaveCount(1);
      await isFit(page);
    });
  });

  test(`what is being replayed says so, and is nobody else's meanwhile ${at}`, async () => {
    const item = { parkedId: "0".repeat(32), kind: "message", reason: "unreadable", detail: null, function: "bill_on_order_placed", message: {} };
    const since = "2026-11-20T10:00:05+09:00";
    const open = { ...item, state: "waiting", parkedAt: "2026-11-20T10:00:00+09:00" };
    let items = [{ ...open, replayingSince: since }];
    await visit({ screen, language, expected: [409] }, async (page) => {
      await page.route("**/api/parked?**", (route) => route.fulfill({ json: { items, cursor: null } }));
      await enter(page);
      await page.goto(`${CONSOLE}#/parked`);
      const row = page.locator(`[data-id="${item.parkedId}"]`);
      await row.locator(".chip", { hasText: words("parked_state.replaying") }).waitFor();
      await row.getByRole("button", { name: words("parked.inspect") }).click();
      const inside = page.locator("dialog[open]");
      await inside.locator(`time[datetime="${since}"]`).waitFor();
      const offered = inside.getByRole("button", { name: words("parked.replay") }).or(inside.getByRole("button", { name: words("parked.discard") }));
      await expect(offered).toHaveCount(0);
      await isFit(page);

      items = [open];
      await offered.nth(1).waitFor();
      await row.locator(".chip", { hasText: words("parked_state.waiting") }).waitFor();

      // Somebody else was quicker: the page finds out with the refusal.
      await page.route("**/api/parked/*/replay", (route) => {
        items = [{ ...open, replayingSince: since }];
        const problem = { type: "about:blank", title: "Conflict", status: 409, code: "wrong_state" };
        return route.fulfill({ status: 409, contentType: "application/problem+json", json: problem });
      });
      await inside.getByRole("button", { name: words("parked.replay") }).click();
      await inside.getByText(words("code.wrong_state")).waitFor();
      await offered.first().waitFor({ state: "detached" });
    });
  });

  test(`a customer is found by whatever is at hand ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const who = `found-${name}`;
    const line = await host.openLine(who, { plan: "lte-light" });
    const dashed = line.number.replace(/^(\d{3})(\d{4})/, "$1-$2-");
    const asked = [];
    await visit({ screen, language }, async (page) => {
      page.on("request", (request) => asked.push(request.url()));
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.search") }).click();
      for (const [query, by] of [
        [line.number, "number"], [dashed.replaceAll("-", " "), "number"], [dashed.replace("0", "+82 "), "number"],
        [line.orderId, "line"], [`open-${line.orderId}`, "saga"], [who, "customer_id"],
      ]) {
        await page.locator("#query").fill(query);
        await page.keyboard.press("Enter");
        const found = page.locator(".found", { hasText: words(`search.by.${by}`) });
        await found.getByText(who).waitFor();
        await page.getByRole("status").filter({ hasText: words("search.found", { count: 1 }) }).waitFor();
        await expect.poll(() => found.locator(".button").evaluateAll((all) => all.map((link) => link.getAttribute("href"))))
          .toEqual(by === "saga" ? [`#/sagas/${query}`] : []);
      }
      const suspend = page.getByRole("button", { name: words("search.suspend") });
      const dialog = page.locator("dialog[open]", { hasText: words("search.suspend.question", { customer: who, number: dashed }) });
      await suspend.click();
      await dialog.waitFor();
      await isFit(page);
      await dialog.getByRole("button", { name: words("keep") }).click();
      await dialog.waitFor({ state: "detached" });
      assert.equal((await host.json(`/api/orders/${line.orderId}`, { who })).status, "active", "nobody is cut off by one press");
      await suspend.click();
      await dialog.getByRole("button", { name: words("search.suspend") }).click();
      const said = words("search.changed.suspension", { number: dashed });
      await page.locator("#live", { hasText: said }).waitFor();
      await expect(page.locator(".voice", { hasText: said }), "not in windows that are closed").toHaveCount(1);
      await page.locator(".chip", { hasText: words("order_status.suspended") }).waitFor();
      await isFit(page);
      await page.getByRole("button", { name: words("search.resume") }).click();
      await page.locator(".chip", { hasText: words("order_status.active") }).waitFor();
      await page.locator("#query").fill("nobody at all");
      await page.keyboard.press("Enter");
      await page.getByText(words("search.nobody")).waitFor();
    });
    assert.ok(asked.every((url) => !url.includes(line.number)), "a phone number stands in no address");
  });

  test(`who is on the phone is told about a bill ${at}`, async () => {
    const who = `call-${name}`;
    const { bill, paymentId } = await host.heldPayment(who, "approve");
    await host.myPage(who, "the payment", (page) => page.payments.length === 1);
    await visit({ screen, language }, async (page) => {
      await enter(page);
      await page.goto(`${CONSOLE}#/search/${who}`);
      const fact = (label) => page.locator(".facts div", { hasText: words(label) }).locator("dd");
      // As MyPage says it: what a payment is being checked for cannot be paid now.
      await fact("search.due").getByRole("link", { name: words("due.checked", { count: 1 }) }).waitFor();
      await expect.poll(async () => digits(await fact("search.due").first().textContent())).toBe(0);
      await expect(fact("search.first_due")).toHaveText(words("today.none"));
      await expect(fact("search.lines")).toHaveText(words("today.lines", { count: 1 }));
      const plans = (await host.json("/api/plans")).items;
      await page.getByText(plans.find((plan) => plan.code === "lte-light").name[language]).waitFor();
      await page.locator(".item", { hasText: words("line.since") }).locator('time[datetime^="2026-10-05"]').waitFor();
      await isFit(page);
      const month = monthIn(language, "2026-10");
      await page.locator(`a[href$="${paymentId}"]`, { hasText: words("bill.title", { month }) }).waitFor();
      await page.goto(`${CONSOLE}#/search`);
      await page.locator("#query").fill(paymentId);
      await page.keyboard.press("Enter");
      const found = page.locator(".found", { hasText: words("search.by.payment") });
      await found.getByRole("link", { name: words("search.see.payment") }).click();
      await page.waitForURL((url) => url.hash === `#/search/${who}/payments/${paymentId}`);
      await page.goto(`${CONSOLE}#/search`);
      await page.locator("#query").fill(bill.billId);
      await page.keyboard.press("Enter");
      await page.locator(".found").getByRole("link", { name: words("search.see.bill") }).click();
      await page.locator(".charges tfoot").waitFor();
      await isFit(page);
      await page.getByRole("button", { name: words("document.show") }).click();
      await page.locator("dialog .sheet").waitFor();
      await isFit(page);
      await page.keyboard.press("Escape");
      await page.locator(".back a").click();
      await page.locator(`a[href$="${bill.billId}"]`).waitFor();
    });
  });

  test(`a usage file is taken in, and what was rejected is told ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const line = await host.openLine(`usage-${name}`, { plan: "lte-light" });
    const rows = [
      "recordId,number,type,quantity,usedAt",
      `${name}-1,${line.number},sms,3,2026-10-05T10:00:00+09:00`,
      `${name}-2,${line.number},pigeons,3,2026-10-05T10:00:00+09:00`,
      `${name}-3,01000000000,sms,3,2026-10-05T10:00:00+09:00`,
    ];
    await visit({ screen, language, expected: [400] }, async (page) => {
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.usage") }).click();
      await page.getByRole("button", { name: words("usage.send") }).click();
      await page.getByRole("alert").filter({ hasText: words("usage.choose_first") }).waitFor();
      await expect(page.locator("#file")).toBeFocused();
      await isFit(page);
      const send = async (file, text) => {
        await page.locator("#file").setInputFiles({ name: file, mimeType: "text/csv", buffer: Buffer.from(text) });
        await page.getByRole("button", { name: words("usage.send") }).click();
      };
      await send("usage.csv", rows.join("\n"));
      await page.getByRole("cell", { name: words("usage_reason.unknown_type") }).waitFor();
      await page.getByRole("cell", { name: words("usage_reason.unknown_number") }).waitFor();
      await expect(page.locator(".share strong")).toHaveText(["1", "0", "2"]);
      await isFit(page);
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: words("usage.report") }).click();
      assert.equal((await download).suggestedFilename(), "rejected-usage.csv");
      await page.getByRole("heading", { name: words("usage.result", { name: "usage.csv" }) }).waitFor();
      await page.locator("#file").setInputFiles({ name: "other.csv", mimeType: "text/csv", buffer: Buffer.from("") });
      await expect(page.locator("#file-name")).toHaveText("other.csv");
      await expect(page.locator(".share"), "the report of another file is gone").toHaveCount(0);
      await send("nonsense.csv", "a,b\n1,2\n");
      await page.getByRole("alert").filter({ hasText: words("code.invalid_file") }).waitFor();
      await isFit(page);
    });
  });
}

test("what was replayed is told, also to who closed its window meanwhile, and once", async () => {
  const words = wordsOf("ko", "console");
  let items = [parkedItem("one"), parkedItem("two")];
  await visit({ screen: PHONE }, async (page) => {
    const [held, answer] = gate();
    await page.route("**/api/parked?**", (route) => route.fulfill({ json: { items, cursor: null } }));
    await page.route("**/api/parked/*/replay", async (route) => {
      await held;
      items = [parkedItem("two")];
      return route.fulfill({ json: {} });
    });
    await enter(page);
    await page.goto(`${CONSOLE}#/parked`);
    const row = (name) => page.locator(`[data-id="${parkedItem(name).parkedId}"]`);
    const dialog = page.locator("dialog[open]");
    await row("one").getByRole("button", { name: words("parked.inspect") }).click();
    await dialog.getByRole("button", { name: words("parked.replay") }).click();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    answer();
    const notice = page.locator(".note.done");
    await expect(notice).toHaveText(words("parked.ended.replay", { what: "one" }));
    await row("one").waitFor({ state: "detached" });
    await row("two").getByRole("button", { name: words("parked.inspect") }).click();
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect(notice, "a look is no replay").toHaveText(words("parked.ended.replay", { what: "one" }));
  });
});

test("while a usage file is under way no other is taken, and the next one has a report of its own", async () => {
  const words = wordsOf("ko", "console");
  const sent = [];
  await visit({ screen: PHONE }, async (page) => {
    const [held, answer] = gate();
    await page.route("**/api/usage", async (route) => {
      sent.push(route.request().postData());
      await held;
      return route.fulfill({ json: { accepted: sent.length, duplicates: 0, rejected: [] } });
    });
    await enter(page);
    await page.goto(`${CONSOLE}#/usage`);
    const file = page.locator("#file");
    const send = page.getByRole("button", { name: words("usage.send") });
    const choose = (name) => file.setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(name) });
    const reports = async (name, accepted) => {
      await page.getByRole("heading", { name: words("usage.result", { name }) }).waitFor();
      await expect(page.locator(".share strong")).toHaveText([accepted, "0", "0"]);
    };
    await choose("first.csv");
    await send.click();
    await expect(file).toBeDisabled();
    await expect(send).toHaveAttribute("aria-busy", "true");
    await isFit(page);
    // The browser itself would press no button that says that it is disabled.
    await send.dispatchEvent("click");
    answer();
    await reports("first.csv", "1");
    await choose("second.csv");
    await send.click();
    await reports("second.csv", "2");
  });
  assert.deepEqual(sent, ["first.csv", "second.csv"]);
});

test("a usage file that changed since it was chosen is to be chosen again", async () => {
  const words = wordsOf("ko", "console");
  const folder = await mkdtemp(join(tmpdir(), "browser-"));
  const path = join(folder, "usage.csv");
  await visit({ screen: PHONE }, async (page) => {
    await page.route("**/api/usage", (route) => route.fulfill({ json: { accepted: 1, duplicates: 0, rejected: [] } }));
    await enter(page);
    await page.goto(`${CONSOLE}#/usage`);
    await writeFile(path, "before");
    await page.locator("#file").setInputFiles(path);
    await writeFile(path, "another text");
    const send = page.getByRole("button", { name: words("usage.send") });
    await send.click();
    await page.getByRole("alert").filter({ hasText: words("code.file_changed") }).waitFor();
    await expect(page.locator("#file-name")).toHaveText(words("usage.no_file"));
    await isFit(page);
    await page.locator("#file").setInputFiles(path);
    await send.click();
    await page.getByRole("heading", { name: words("usage.result", { name: "usage.csv" }) }).waitFor();
  }).finally(() => rm(folder, { recursive: true }));
});

test("a saga with more messages than are kept says so, and one that remembers nothing is shown as it stands", async () => {
  await host.setClock("2026-10-05T10:00:00+09:00");
  const line = await host.openLine("many-messages", { plan: "lte-light" });
  const { messages, ...saga } = await host.json(`/api/sagas/open-${line.orderId}`, { who: "operator-1" });
  const old = { ...saga, steps: saga.steps.map(({ history, ...step }) => step) };
  const words = wordsOf("ko", "console");
  await visit({ screen: PHONE }, async (page) => {
    let answer = { ...saga, messages, messagesLeftOut: 12 };
    await page.route("**/api/sagas/open-*", (route) => route.fulfill({ json: answer }));
    await enter(page);
    await page.goto(`${CONSOLE}#/sagas/${saga.sagaId}`);
    await page.getByText(words("saga.left_out", { count: 12 })).waitFor();
    await isFit(page);
    answer = old;
    await page.locator(".messages").waitFor({ state: "detached" });
    await expect(page.locator(".timeline li rect.doing")).toHaveCount(3);
    await isFit(page);
    await isLegible(page);
  });
});

test("the list of sagas begins with what is open, and goes on while there is more to look through", async () => {
  const words = wordsOf("ko", "console");
  const saga = (id) => ({ sagaId: `open-${id}`, kind: "open_line", status: "running", customerId: "c", startedAt: "2026-11-02T10:00:00+09:00", steps: [] });
  // The API looks through so much for one answer: a page may be empty, and not the last.
  const pages = { "": [[], "1"], 1: [[], "2"], 2: [[saga("one")], "3"], 3: [[], "4"], 4: [[saga("two")], null] };
  const asked = [];
  let stuck = [];
  await visit({ screen: PHONE }, async (page) => {
    await page.route("**/api/sagas?**", (route) => {
      const { searchParams: said } = new URL(route.request().url());
      asked.push(said.get("status"));
      const [items, cursor] = said.get("status") === "running" ? pages[said.get("cursor") ?? ""] : [stuck, null];
      return route.fulfill({ json: { items, cursor } });
    });
    await enter(page);
    await page.goto(`${CONSOLE}#/sagas`);
    const more = page.getByRole("button", { name: words("saga.more") });
    const rows = page.locator(".list li");
    await rows.first().waitFor();
    await expect(page.locator(".choice a"), "no list of what is over").toHaveCount(3);
    await expect(page.locator(".choice [aria-current]")).toHaveText(words("saga_status.running"));
    await isFit(page);
    await more.dblclick();
    await rows.nth(1).waitFor();
    await more.waitFor({ state: "detached" });
    await expect(rows, "nothing is there twice").toHaveCount(2);
    stuck = [{ ...saga("three"), status: "stuck" }];
    await page.goto(`${CONSOLE}#/`);
    await page.goto(`${CONSOLE}#/sagas`);
    await page.locator(".choice [aria-current]", { hasText: words("saga_status.stuck") }).waitFor();
    await page.locator(".list .chip", { hasText: words("saga_status.stuck") }).waitFor();
    assert.ok(asked.every((status) => ["stuck", "running"].includes(status)), String(asked));
  });
});

test("who is away while a month is billed is told so, and sees how far it was", async () => {
  const run = { status: "running", passes: 1, lines: 0, issued: 0, skipped: 0, parked: 0, bucketsDone: 1, buckets: 4, startedAt: "2026-11-02T10:00:00+09:00" };
  await visit({ screen: PHONE, expected: [429] }, async (page) => {
    let away = false;
    await page.route("**/api/billing-runs/*", (route) => (away
      ? route.fulfill(AWAY)
      : route.fulfill({ json: { ...run, usageMonth: route.request().url().slice(-7) } })));
    await enter(page);
    await page.goto(`${CONSOLE}#/runs`);
    await page.locator(".run").waitFor();
    away = true;
    await page.locator(".card .stale").waitFor();
    await page.locator(".run").waitFor();
    await isFit(page);
    away = false;
    await page.locator(".stale").waitFor({ state: "detached" });
  });
});

test("a list of several pages stays whole while it changes, and holds nothing twice", async () => {
  const words = wordsOf("ko", "console");
  let pages = { "": ["b", "c"], 1: ["d", "e"] };
  let held;
  await visit({ screen: PHONE }, async (page) => {
    await page.route("**/api/parked?**", async (route) => {
      const cursor = new URL(route.request().url()).searchParams.get("cursor") ?? "";
      if (cursor) await held;
      const next = Object.keys(pages).find((one) => one !== "" && Number(one) > Number(cursor)) ?? null;
      return route.fulfill({ json: { items: (pages[cursor] ?? []).map(parkedItem), cursor: next } });
    });
    await page.route("**/api/parked/*/replay", (route) => {
      pages = { ...pages, 3: ["e"] };
      return route.fulfill({ json: {} });
    });
    await enter(page);
    await page.goto(`${CONSOLE}#/parked`);
    const names = page.locator("[data-id] strong");
    const look = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await expect(names).toHaveText(["b", "c"]);

    // The first page changes while the second is read.
    let answer;
    [held, answer] = gate();
    await page.getByRole("button", { name: words("saga.more") }).click();
    pages = { "": ["a", "b"], 2: ["c", "d", "e"] };
    await look();
    await expect(names).toHaveText(["a", "b"]);
    pages = { ...pages, 1: ["d", "e"] };
    answer();
    await expect(names).toHaveText(["a", "b", "c", "d", "e"]);

    pages = { "": ["new", "a", "b", "c"], 3: ["c", "d", "e"] };
    await look();
    await expect(names, "nothing is there twice").toHaveText(["new", "a", "b", "c", "d", "e"]);
    await isFit(page);

    await page.locator(`[data-id="${parkedItem("d").parkedId}"]`).getByRole("button", { name: words("parked.inspect") }).click();
    await page.locator("dialog[open]").getByRole("button", { name: words("parked.replay") }).click();
    await expect(names, "what was dealt with is gone from a later page").toHaveText(["new", "a", "b", "c", "e"]);
  });
});

test("more of a list that is asked for while it is read again comes when that is done, once", async () => {
  const words = wordsOf("ko", "console");
  const pages = { "": ["a"], 1: ["b"], 2: ["c"], 3: ["d"] };
  const asked = [];
  let held;
  await visit({ screen: PHONE }, async (page) => {
    await page.route("**/api/parked?**", async (route) => {
      const cursor = new URL(route.request().url()).searchParams.get("cursor") ?? "";
      if (cursor) asked.push(cursor);
      if (cursor) await held;
      const next = pages[Number(cursor) + 1] ? String(Number(cursor) + 1) : null;
      return route.fulfill({ json: { items: pages[cursor].map(parkedItem), cursor: next } });
    });
    await enter(page);
    await page.goto(`${CONSOLE}#/parked`);
    const names = page.locator("[data-id] strong");
    const more = page.getByRole("button", { name: words("saga.more") });
    await more.click();
    await expect(names).toHaveText(["a", "b"]);
    let answer;
    [held, answer] = gate();
    const before = asked.length;
    pages[""] = ["new", "a"];
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await expect.poll(() => asked.length).toBeGreaterThan(before);
    await more.dblclick();
    answer();
    await expect(names).toHaveText(["new", "a", "b", "c"]);
  });
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`what somebody else deals with meanwhile is told to who reads it, or is about to deal with it: ${language}`, async () => {
    const words = wordsOf(language, "console");
    let items = ["read", "replayed", "left"].map(parkedItem);
    const without = (name) => items.filter((item) => item.message.subject !== name);
    await visit({ screen, language, expected: [404] }, async (page) => {
      await page.route("**/api/parked?**", (route) => route.fulfill({ json: { items, cursor: null } }));
      await page.route("**/api/parked/*/replay", (route) => {
        items = without("replayed");
        const problem = { type: "about:blank", title: "Not Found", status: 404, code: "not_found" };
        return route.fulfill({ status: 404, contentType: "application/problem+json", json: problem });
      });
      await enter(page);
      await page.goto(`${CONSOLE}#/parked`);
      const inspect = (name) => page.locator(`[data-id="${parkedItem(name).parkedId}"]`).getByRole("button", { name: words("parked.inspect") }).click();
      const inside = page.locator("dialog[open]");
      const tells = async (name) => {
        await inside.waitFor({ state: "detached" });
        await expect(page.locator(".note.done")).toHaveText(words("parked.ended.gone", { what: name }));
        await expect(page.locator(".note.done")).toBeFocused();
      };
      await inspect("read");
      await inside.waitFor();
      items = without("read");
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await tells("read");
      await isFit(page);

      await inspect("replayed");
      await inside.getByRole("button", { name: words("parked.replay") }).click();
      await tells("replayed");
      await expect(page.locator("[data-id] strong")).toHaveText(["left"]);
    });
  });
}

test("who cannot be looked for leaves nobody else under that name", async () => {
  const words = wordsOf("ko", "console");
  await host.openLine("found-first", { plan: "lte-light" });
  await visit({ screen: PHONE, expected: [429] }, async (page) => {
    await enter(page);
    await page.goto(`${CONSOLE}#/search`);
    const find = async (who) => {
      await page.locator("#query").fill(who);
      await page.keyboard.press("Enter");
    };
    await find("found-first");
    await page.getByRole("button", { name: words("search.suspend") }).waitFor();
    await page.route("**/api/customers/search", (route) => route.fulfill(AWAY));
    await find("found-second");
    await page.locator("main [role=alert]").waitFor();
    await expect(page.getByText("found-first")).toHaveCount(0);
    await expect(page.getByRole("button", { name: words("search.suspend") })).toHaveCount(0);
    await page.unroute("**/api/customers/search");
    await find("found-first");
    await page.getByRole("button", { name: words("search.suspend") }).waitFor();
    await isFit(page);
  });
});

test("a customer is not let in", async () => {
  await visit({}, async (page) => {
    await signIn(page, CONSOLE, "김민지");
    await page.getByText("운영자 전용 페이지입니다").waitFor();
    await isFit(page);
  });
});

test("the dark console can be read as well", async () => {
  await visit({ dark: true, screen: PHONE, expected: [404] }, async (page) => {
    await enter(page);
    const words = wordsOf("ko", "console");
    const pages = { "": "today.title", search: "search.title", runs: "run.title", sagas: "nav.sagas", parked: "nav.parked", usage: "usage.title" };
    for (const [path, title] of Object.entries(pages)) {
      await page.goto(`${CONSOLE}#/${path}`);
      await page.getByRole("heading", { level: 1, name: words(title), exact: true }).waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await isFit(page);
    }
  });
});
