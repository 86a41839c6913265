// MyPage: the six steps as a customer, and what goes wrong on the way.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { DESK, PHONE, isFit, launch, signIn, visit } from "./browser.mjs";
import { start } from "./host.mjs";
import { EVERYWHERE, wordsOf } from "./words.mjs";

const MYPAGE = "/api/web/mypage";
let host;
let browser;

before(async () => {
  [host, browser] = await Promise.all([start(), launch()]);
  await host.setClock("2026-10-05T10:00:00+09:00");
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

/** Signs in as a customer of any id. */
async function enter(page, id) {
  await page.goto(MYPAGE);
  await page.locator(".welcome button.primary").click();
  await page.locator("#other").fill(id);
  await page.locator('button[value="customer:"]').click();
  await page.locator(".hero, .empty").first().waitFor();
}

/** A customer with a line and an unpaid bill for October. */
async function withBill(id, plan = "lte-light") {
  await host.setClock("2026-10-05T10:00:00+09:00");
  const line = await host.openLine(id, { plan });
  await host.usage([[`${id}-1`, line.number, "voice_day", 400, "2026-10-05T09:59:59+09:00"]]);
  await host.setClock("2026-11-02T10:00:00+09:00");
  await host.runMonth("2026-10");
  const page = await host.myPage(id, "the bill", (view) => view.bills.length === 1);
  return page.bills[0];
}

async function fillInCard(page, card) {
  await page.locator(`input[value="${card}"]`).check();
  await page.locator('button[value="pay"]').click();
}

const saysOutcome = (page, text, within = page) => within.locator("[data-status]", { hasText: text }).waitFor();

for (const { language, size } of EVERYWHERE) {
  test(`the six steps in ${language === "ko" ? "Korean" : "English"} on a ${size}`, async () => {
    const words = wordsOf(language);
    const who = `six-${language}-${size}`;
    await host.setClock("2026-10-05T10:00:00+09:00");
    await visit(browser, host, { screen: size === "desk" ? DESK : PHONE, language }, async (page) => {
      await page.goto(MYPAGE);
      await page.getByRole("heading", { name: words("welcome.mypage.title") }).waitFor();
      await isFit(page);
      await page.getByRole("button", { name: words("sign_in"), exact: true }).click();
      await page.locator("#other").waitFor();
      await isFit(page);
      await enter(page, who);
      await isFit(page);

      // 1. open a line
      await page.locator(".hero .button").click();
      await page.locator(".plan").first().waitFor();
      await isFit(page);
      await page.locator('input[value="lte-light"]').check();
      await page.locator('input[name="contract"][value="24"]').check();
      await page.getByRole("button", { name: words("open.submit") }).click();
      await saysOutcome(page, words("outcome.open_line.completed"));
      const number = (await page.locator(".result strong").textContent()).replaceAll("-", "");
      await isFit(page);
      await page.getByRole("link", { name: words("opening.line") }).click();
      await page.locator(".history li").first().waitFor();
      await isFit(page);

      // 2. the month is billed
      await host.usage([[`${who}-1`, number, "voice_day", 400, "2026-10-05T10:20:00+09:00"]]);
      await host.setClock("2026-11-02T10:00:00+09:00");
      await host.runMonth("2026-10");
      const { bills: [bill] } = await host.myPage(who, "the bill", (view) => view.bills.length === 1);

      // 3. look it up, with a fresh sign-in: the old one has expired by the test clock
      await page.getByRole("button", { name: words("sign_out") }).click();
      await enter(page, who);
      await page.locator(".hero .sum", { hasText: bill.amount.toLocaleString("en") }).waitFor();
      await page.locator(".months .due").first().waitFor();
      await isFit(page);
      await page.getByRole("link", { name: words("due.pay") }).click();
      await page.locator(".charges tfoot").waitFor();
      const shown = await page.locator(".charges tbody td:last-child").allTextContents();
      const sum = shown.map((text) => Number(text.replace(/[^\d-]/g, ""))).reduce((a, b) => a + b, 0);
      assert.equal(sum, bill.amount);
      await isFit(page);

      // 4. pay
      await page.getByRole("button", { name: words.start("pay.button") }).click();
      await page.locator('button[value="pay"]').waitFor();
      await isFit(page);
      await fillInCard(page, "approve");
      await saysOutcome(page, words("outcome.pay_bill.completed"));
      await isFit(page);
      await page.getByRole("link", { name: words("pay.see") }).click();
      await page.locator(".heading .chip", { hasText: words("payment_status.completed") }).waitFor();

      // 5. cancel, and watch the money roll back
      await page.getByRole("button", { name: words("cancel.button") }).click();
      await page.locator("#reason").fill(words("cancel.reason.changed_mind"));
      await isFit(page);
      await page.getByRole("button", { name: words("cancel.confirm") }).click();
      await saysOutcome(page, words("outcome.cancel_payment.completed"), page.locator("dialog"));
      await isFit(page);
      await page.locator("dialog .actions button").click();
      await page.locator(".heading .chip", { hasText: words("payment_status.cancelled") }).waitFor();
      await isFit(page);

      // 6. the history of it all
      for (const [nav, text] of [["nav.lines", words("order_status.active")], ["nav.bills", words("bill_status.issued")], ["nav.payments", words("payment_status.cancelled")]]) {
        await page.locator("header nav").getByRole("link", { name: words(nav), exact: true }).click();
        await page.locator("main .chip", { hasText: text }).first().waitFor();
        await isFit(page);
      }
      const mine = await host.json("/api/mypage", { who });
      assert.deepEqual(mine.payments.map((payment) => [payment.amount, payment.status]), [[bill.amount, "cancelled"]]);
    });
  });
}

test("a declined card is told in words, and the bill can be paid with another one", async () => {
  const bill = await withBill("declined");
  await visit(browser, host, { expected: [402] }, async (page) => {
    await enter(page, "declined");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: /^납부하기/ }).click();
    await fillInCard(page, "decline");
    await page.getByRole("alert").filter({ hasText: "카드사가 결제를 거절했습니다" }).waitFor();
    await isFit(page);
    await page.getByRole("link", { name: "청구서로" }).click();
    await page.getByRole("button", { name: /^납부하기/ }).click();
    await fillInCard(page, "slow");
    await saysOutcome(page, "납부되었습니다");
  });
  assert.equal((await host.json(`/api/bills/${bill.billId}`, { who: "declined" })).status, "settled");
});

test("an outcome that is not known is waited for, and found out", async () => {
  const bill = await withBill("unknown");
  await visit(browser, host, {}, async (page) => {
    await enter(page, "unknown");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: /^납부하기/ }).click();
    await fillInCard(page, "lost");
    await page.getByText("두 번 결제되지 않으니").waitFor();
    await isFit(page);
    await fetch(`${host.url}/admin/functions/payments_resolve`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ input: "" }),
    });
    await saysOutcome(page, "납부되었습니다");
  });
});

test("paying is one payment, however often it is asked for and whatever the answers are", async () => {
  const bill = await withBill("once");
  const keys = [];
  await visit(browser, host, { expected: [503] }, async (page) => {
    await enter(page, "once");
    // The first answer never comes, and the second is to try again.
    await page.route("**/api/payments", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      return route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"code":"unavailable"}' });
    });
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: /^납부하기/ }).dblclick();
    await fillInCard(page, "approve");
    await saysOutcome(page, "납부되었습니다");
    await page.reload();
    await saysOutcome(page, "납부되었습니다");
  });
  assert.ok(keys.length >= 2);
  assert.equal(new Set(keys).size, 1, "one intent, one key");
  const { payments } = await host.json("/api/mypage", { who: "once" });
  assert.equal(payments.length, 1);
  const ledger = await host.json("/dev/gateway/ledger");
  assert.equal(ledger.payments.filter((one) => one.orderId?.startsWith(bill.billId)).length, 1);
});

test("opening a line is one order, however often the button is pressed", async () => {
  await visit(browser, host, {}, async (page) => {
    await enter(page, "impatient");
    await page.goto(`${MYPAGE}#/open`);
    await page.locator('input[value="lte-basic"]').check();
    await page.locator(".total button").dblclick();
    await saysOutcome(page, "개통되었습니다");
  });
  assert.equal((await host.json("/api/orders", { who: "impatient" })).items.length, 1);
});

test("a number that is taken is told, and everything is undone", async () => {
  const taken = await host.openLine("first", { plan: "lte-basic" });
  await visit(browser, host, {}, async (page) => {
    await enter(page, "second");
    await page.goto(`${MYPAGE}#/open`);
    await page.locator("#wish").fill("02-123-4567");
    await page.locator(".total button").click();
    await page.locator("#wish[aria-invalid=true]:focus").waitFor();
    await page.locator("#wish").fill(taken.number);
    await page.locator(".total button").click();
    await saysOutcome(page, "모두 되돌렸습니다");
    await page.getByText("이미 사용 중입니다").waitFor();
    await isFit(page);
  });
});

test("a form that is left charges nothing", async () => {
  const bill = await withBill("leaver");
  await visit(browser, host, {}, async (page) => {
    await enter(page, "leaver");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: /^납부하기/ }).click();
    await page.locator('button[value="cancel"]').click();
    await page.getByText("청구된 금액은 없습니다").waitFor();
    await isFit(page);
  });
  assert.deepEqual((await host.json("/api/mypage", { who: "leaver" })).payments, []);
});

for (const [language, screen] of [["ko", DESK], ["en", PHONE]]) {
  test(`an operator gives a payment back to who is on the phone, in ${language}`, async () => {
    const words = wordsOf(language);
    const who = `phone-${language}`;
    const bill = await withBill(who);
    const form = { card: "approve", amount: bill.outstanding, orderId: bill.billId };
    const { paymentKey } = await host.json("/dev/payment-keys", { method: "POST", body: form });
    const body = { billId: bill.billId, paymentKey };
    const { paymentId, sagaId } = await host.json("/api/payments", { method: "POST", who, key: "pay", body });
    await host.sagaEnds(sagaId, who);
    await host.myPage(who, "the payment", (page) => page.payments[0]?.status === "completed");
    await visit(browser, host, { screen, language }, async (page) => {
      await signIn(page, "/api/web/console", "청구 운영자");
      await page.locator("header nav").getByRole("link", { name: words("nav.search") }).click();
      await page.locator("#query").fill(who);
      await page.keyboard.press("Enter");
      await page.locator(`a[href$="${paymentId}"]`).click();
      await page.getByRole("button", { name: words("cancel.button") }).click();
      await isFit(page);
      await page.getByRole("button", { name: words("cancel.confirm") }).dblclick();
      await saysOutcome(page, words("outcome.cancel_payment.completed"), page.locator("dialog[open]"));
      await page.getByRole("button", { name: words("close"), exact: true }).last().click();
      await page.locator(".heading .chip", { hasText: words("payment_status.cancelled") }).waitFor();
      await isFit(page);
      await page.locator(".facts").getByRole("link", { name: words("kind.cancel_payment") }).click();
      await page.locator(".heading .chip", { hasText: words("saga_status.completed") }).waitFor();
      await page.locator(".facts").getByRole("link", { name: who }).click();
      await page.locator(`a[href$="${bill.billId}"]`, { hasText: words("bill_status.issued") }).waitFor();
      await isFit(page);
    });
    const page = await host.json("/api/mypage", { who });
    assert.equal(page.bills[0].outstanding, bill.outstanding);
    assert.deepEqual(page.payments.map((payment) => payment.status), ["cancelled"]);
  });
}

test("the bill's document is shown and can be kept", async () => {
  const bill = await withBill("reader");
  await visit(browser, host, {}, async (page) => {
    await enter(page, "reader");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: "청구서 문서" }).click();
    await page.locator(".sheet").getByText(bill.amount.toLocaleString("en")).first().waitFor();
    await isFit(page);
    for (const kind of ["HTML", "PDF"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: `${kind} 내려받기` }).click(),
      ]);
      assert.equal(download.suggestedFilename(), `bill-2026-10.${kind.toLowerCase()}`);
      const bytes = await readFile(await download.path());
      assert.match(bytes.subarray(0, 15).toString("latin1"), kind === "PDF" ? /^%PDF-/ : /^<!doctype html>/i);
    }
    const [tab] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "PDF 보기" }).click(),
    ]);
    // The browser's own reader takes it from there, and tells nobody when it is done.
    await tab.waitForURL(/^blob:/, { waitUntil: "commit" });
    assert.equal(await tab.evaluate(() => document.contentType), "application/pdf");
  });
});

test("a PDF that cannot be had is told so, and leaves no empty tab", async () => {
  const bill = await withBill("paperless");
  await visit(browser, host, { expected: [503] }, async (page) => {
    await enter(page, "paperless");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: "청구서 문서" }).click();
    await page.locator(".sheet").waitFor();
    await page.route("**/document?format=pdf", (route) => route.fulfill({ status: 503, contentType: "text/html", body: "" }));
    const [tab] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "PDF 보기" }).click(),
    ]);
    await page.locator("dialog [role=alert]").waitFor();
    if (!tab.isClosed()) await tab.waitForEvent("close");
    await isFit(page);
  });
});

for (const [language, screen] of [["ko", PHONE], ["en", PHONE], ["ko", DESK]]) {
  test(`sums over neighbouring bars do not run into each other: ${language}, ${screen.viewport.width} px`, async () => {
    const who = `bars-${language}-${screen.viewport.width}`;
    await withBill(who);
    await visit(browser, host, { screen, language }, async (page) => {
      await page.route("**/api/mypage", async (route) => {
        const response = await route.fetch();
        if (response.status() !== 200) return route.fulfill({ response });
        const view = await response.json();
        const [bill] = view.bills;
        const of = (usageMonth, amount) => ({ ...bill, billId: `${bill.billId}${usageMonth}`, usageMonth, amount });
        view.bills = [of("2026-08", 128_800), of("2026-09", 157_700), of("2026-10", 144_400)];
        return route.fulfill({ response, json: view });
      });
      await enter(page, who);
      const sums = page.locator(".months .value");
      await sums.first().waitFor();
      assert.deepEqual(await sums.allTextContents(), [language === "ko" ? "14.4만" : "144K"]);
    });
  });
}

test("a line is closed, and its final bill is made out", async () => {
  const line = await host.openLine("leaving", { plan: "lte-light" });
  await visit(browser, host, {}, async (page) => {
    await enter(page, "leaving");
    await page.goto(`${MYPAGE}#/lines/${line.orderId}`);
    await page.getByRole("button", { name: "회선 해지" }).click();
    await isFit(page);
    await page.getByRole("button", { name: "해지하기" }).click();
    await saysOutcome(page, "해지되었습니다", page.locator("dialog"));
    await page.keyboard.press("Escape");
    await page.locator(".heading .chip", { hasText: "해지" }).waitFor();
  });
});

test("everything can be reached with the keyboard alone", async () => {
  await withBill("keyboard");
  await visit(browser, host, {}, async (page) => {
    await enter(page, "keyboard");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".charges").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "the heading has the focus");
    await page.keyboard.press("Shift+Tab");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /청구서/);
  });
});

test("the dark pages can be read as well", async () => {
  const bill = await withBill("night");
  await visit(browser, host, { dark: true, screen: PHONE }, async (page) => {
    await page.goto(MYPAGE);
    await page.locator(".welcome").waitFor();
    await isFit(page);
    await enter(page, "night");
    for (const path of ["", "lines", "bills", `bills/${bill.billId}`, "payments", "open"]) {
      await page.goto(`${MYPAGE}#/${path}`);
      await page.locator("h1").waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await isFit(page);
    }
  });
});

test("who is away is told so, and what was there stays", async () => {
  await withBill("traveller");
  await visit(browser, host, { expected: [429] }, async (page) => {
    await enter(page, "traveller");
    await page.route("**/api/mypage", (route) => route.fulfill({ status: 429, contentType: "text/html", body: "" }));
    await page.locator(".stale").waitFor();
    await page.locator(".hero").waitFor();
    await isFit(page);
    await page.unroute("**/api/mypage");
    await page.locator(".stale").waitFor({ state: "detached" });
  });
});
