// The console: the run, a stuck saga, a dead letter, a search, and a usage file.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { DESK, PHONE, isFit, launch, signIn, visit } from "./browser.mjs";
import { start, until } from "./host.mjs";
import { EVERYWHERE, wordsOf } from "./words.mjs";

const CONSOLE = "/api/web/console";
const OPERATOR = "청구 운영자";
let host;
let browser;

before(async () => {
  // Without this function, a charge is never taken to its bill: its saga runs into its deadline, and its message dies.
  [host, browser] = await Promise.all([start({ off: ["bill_on_payment_captured"] }), launch()]);
  await host.setClock("2026-10-05T10:00:00+09:00");
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

/** A payment whose saga cannot be undone, because the gateway refuses the refund: its saga is stuck. */
async function stuckPayment(who) {
  await host.setClock("2026-10-05T10:00:00+09:00");
  await host.openLine(who, { plan: "lte-light" });
  await host.setClock("2026-11-02T10:00:00+09:00");
  await host.runMonth("2026-10");
  const { bills: [bill] } = await host.myPage(who, "the bill", (page) => page.bills.length === 1);
  const form = { card: "refund_refused", amount: bill.outstanding, orderId: bill.billId };
  const { paymentKey } = await host.json("/dev/payment-keys", { method: "POST", body: form });
  const body = { billId: bill.billId, paymentKey };
  const { sagaId } = await host.json("/api/payments", { method: "POST", who, key: `pay-${who}`, body });
  await until("the charge on record", async () => {
    const saga = await host.json(`/api/sagas/${sagaId}`, { who }).catch(() => null);
    return saga?.steps[0].state === "succeeded";
  });
  await host.setClock("2026-11-02T10:15:00+09:00");
  const saga = await host.sagaEnds(sagaId, who);
  assert.equal(saga.status, "stuck");
  return { sagaId, paymentKey };
}

const enter = (page) => signIn(page, CONSOLE, OPERATOR);

for (const { language, size } of EVERYWHERE) {
  const screen = size === "desk" ? DESK : PHONE;
  const at = `in ${language === "ko" ? "Korean" : "English"} on a ${size}`;
  const words = wordsOf(language);
  const name = `${language}-${size}`;

  test(`a month is run and watched ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const line = await host.openLine(`run-${name}`, { plan: "lte-light" });
    await host.setClock("2026-11-02T10:00:00+09:00");
    const before = await host.json("/api/billing-runs/2026-10", { who: "operator-1" }).catch(() => ({ passes: 0 }));
    const { passes } = before;
    // The months to choose from follow the browser's clock, as an operator's do.
    await visit(browser, host, { screen, language, expected: [404] }, async (page) => {
      await page.clock.setFixedTime("2026-11-02T10:00:00+09:00");
      await enter(page);
      await page.locator(".tiles").waitFor();
      await isFit(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.runs") }).click();
      await page.locator("#month").selectOption("2026-10");
      await page.locator(".bar button").click();
      const run = page.locator('.run[data-status="completed"]', { hasText: words("run.passes", { count: passes + 1 }) });
      await run.waitFor();
      assert.equal(await run.locator("progress").evaluate((bar) => bar.position), 1);
      await isFit(page);
    });
    const bills = await host.json("/api/bills", { who: `run-${name}` });
    assert.deepEqual(bills.items.map((bill) => [bill.orderId, bill.usageMonth]), [[line.orderId, "2026-10"]]);
  });

  test(`a stuck saga is found and tried again ${at}`, async () => {
    const { sagaId: saga, paymentKey } = await stuckPayment(`stuck-${name}`);
    await visit(browser, host, { screen, language }, async (page) => {
      await enter(page);
      await page.locator(".tile.bad").first().click();
      await page.locator(".choice [aria-current]", { hasText: words("saga_status.stuck") }).waitFor();
      await isFit(page);
      await page.locator(`a[href$="${saga}"]`).click();
      await page.locator(".timeline .undo_failed").waitFor();
      await page.getByText(words("reason.NOT_CANCELABLE_PAYMENT")).waitFor();
      await page.locator('[data-attempts="1"]').waitFor();
      await isFit(page);
      await page.getByRole("button", { name: words("saga.retry") }).click();
      await page.locator('[data-attempts="2"]').waitFor();
      // The gateway has been told to let the refund through.
      await host.json(`/dev/gateway/payments/${paymentKey}`, { method: "PUT", body: { card: "approve" } });
      await page.getByRole("button", { name: words("saga.retry") }).click();
      await page.getByText(words("saga_status.compensated")).first().waitFor();
      await isFit(page);
    });
    const after = await host.sagaEnds(saga, "operator-1");
    assert.equal(after.status, "compensated");
  });

  test(`a dead letter is read and replayed, another one discarded ${at}`, async () => {
    await stuckPayment(`dead-${name}`);
    await stuckPayment(`waste-${name}`);
    // Longer than the bus keeps a message that nobody takes.
    await host.setClock("2026-11-20T10:00:00+09:00");
    const letters = async () => (await host.json("/api/parked?limit=200", { who: "operator-1" })).items;
    /** The dead letter that tells of a customer's charge. */
    const letterOf = async (who) => (await letters())
      .find((item) => item.message?.subject === "pay.captured" && JSON.stringify(item.message).includes(who))?.parkedId;
    const dead = await until("the first dead letter", () => letterOf(`dead-${name}`));
    const waste = await until("the second dead letter", () => letterOf(`waste-${name}`));
    await visit(browser, host, { screen, language }, async (page) => {
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.parked") }).click();
      const open = page.locator("dialog[open]");
      const inspect = async (id) => {
        await page.locator(`[data-id="${id}"]`).getByRole("button", { name: words("parked.inspect") }).click();
        await open.locator("pre", { hasText: "pay.captured" }).waitFor();
        await isFit(page);
      };
      const isGone = async (id) => {
        await page.locator(`[data-id="${id}"]`).waitFor({ state: "detached" });
        assert.ok((await letters()).every((item) => item.parkedId !== id));
      };
      await isFit(page);
      await inspect(dead);
      await open.getByRole("button", { name: words("parked.replay") }).click();
      await isGone(dead);

      await inspect(waste);
      const discard = open.getByRole("button", { name: words("parked.discard") });
      await discard.click();
      await open.getByRole("alert").waitFor();
      await isFit(page);
      await discard.click();
      await isGone(waste);
      await page.getByRole("link", { name: words("parked.done") }).click();
      await page.locator(".chip", { hasText: words("parked_state.replayed") }).first().waitFor();
      await page.locator(".chip", { hasText: words("parked_state.discarded") }).first().waitFor();
      await isFit(page);
    });
  });

  test(`a customer is found by whatever is at hand ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const who = `found-${name}`;
    const line = await host.openLine(who, { plan: "lte-light" });
    const asked = [];
    await visit(browser, host, { screen, language }, async (page) => {
      page.on("request", (request) => asked.push(request.url()));
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.search") }).click();
      for (const [query, by] of [[line.number, "number"], [line.orderId, "line"], [`open-${line.orderId}`, "line"], [who, "customer_id"]]) {
        await page.locator("#query").fill(query);
        await page.keyboard.press("Enter");
        await page.locator(".found", { hasText: words(`search.by.${by}`) }).getByText(who).waitFor();
      }
      await page.getByRole("button", { name: words("search.suspend") }).click();
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

  test(`a usage file is taken in, and what was rejected is told ${at}`, async () => {
    await host.setClock("2026-10-05T10:00:00+09:00");
    const line = await host.openLine(`usage-${name}`, { plan: "lte-light" });
    const rows = [
      "recordId,number,type,quantity,usedAt",
      `${name}-1,${line.number},sms,3,2026-10-05T10:00:00+09:00`,
      `${name}-2,${line.number},pigeons,3,2026-10-05T10:00:00+09:00`,
      `${name}-3,01000000000,sms,3,2026-10-05T10:00:00+09:00`,
    ];
    await visit(browser, host, { screen, language, expected: [400] }, async (page) => {
      await enter(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.usage") }).click();
      const send = async (file, text) => {
        await page.locator("#file").setInputFiles({ name: file, mimeType: "text/csv", buffer: Buffer.from(text) });
        await page.getByRole("button", { name: words("usage.send") }).click();
      };
      await send("usage.csv", rows.join("\n"));
      await page.getByRole("cell", { name: words("usage_reason.unknown_type") }).waitFor();
      await page.getByRole("cell", { name: words("usage_reason.unknown_number") }).waitFor();
      assert.deepEqual(await page.locator(".share strong").allTextContents(), ["1", "0", "2"]);
      await isFit(page);
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: words("usage.report") }).click();
      assert.equal((await download).suggestedFilename(), "rejected-usage.csv.csv");
      await send("nonsense.csv", "a,b\n1,2\n");
      await page.getByRole("alert").filter({ hasText: words("code.invalid_file") }).waitFor();
      await isFit(page);
    });
  });
}

test("a customer is not let in", async () => {
  await visit(browser, host, {}, async (page) => {
    await signIn(page, CONSOLE, "김민지");
    await page.getByText("운영자 전용 페이지입니다").waitFor();
    await isFit(page);
  });
});

test("the dark console can be read as well", async () => {
  await visit(browser, host, { dark: true, screen: PHONE, expected: [404] }, async (page) => {
    await enter(page);
    for (const path of ["", "search", "runs", "sagas", "parked", "usage"]) {
      await page.goto(`${CONSOLE}#/${path}`);
      await page.locator("h1").waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await isFit(page);
    }
  });
});
