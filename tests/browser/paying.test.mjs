// MyPage while a payment is neither done nor undone: nobody pays twice, and everybody is told what is going on.
import { test } from "node:test";
import assert from "node:assert/strict";
import { DESK, PHONE, expect, isFit, signIn } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";
import { MYPAGE, enter, fillInCard, saysOutcome, toForm } from "./mypage.mjs";
import { wordsOf } from "./words.mjs";

// Without this function, a charge is never taken to its bill.
stage({ off: ["bill_on_payment_captured"] });

/** The payment's page says that the money did not go back, and nothing of a card that was declined. */
async function saysWhy(page, words) {
  const why = page.locator(".facts > div", { hasText: words("payment.not_refunded") });
  await expect(why.locator("dd")).toHaveText(words("reason.NOT_CANCELABLE_PAYMENT"));
  await expect(page.getByText(words("payment.reason"), { exact: true })).toHaveCount(0);
  await isFit(page);
}

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`a bill whose payment is being checked is not offered for payment again, in ${language}`, async () => {
    const words = wordsOf(language);
    const who = `held-${language}`;
    const { bill, paymentId } = await host.heldPayment(who, "approve");
    await host.myPage(who, "the charge", (view) => view.payments[0]?.status === "captured");
    await visit({ screen, language }, async (page) => {
      await enter(page, who);
      await page.getByRole("link", { name: words("due.checked", { count: 1 }) }).waitFor();
      await expect(page.locator(".hero .sum")).toHaveText(/^₩?0원?$/);
      await expect(page.getByRole("link", { name: words("due.pay") })).toHaveCount(0);
      await isFit(page);
      await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
      const checked = page.locator(".bill").getByRole("link", { name: words("pay.see_checked") });
      await checked.waitFor();
      await expect(page.getByRole("button", { name: words.start("pay.button") })).toHaveCount(0);
      await isFit(page);
      await checked.click();
      await page.locator(".heading .chip", { hasText: words("payment_status.captured") }).waitFor();
      await expect(page).toHaveURL(new RegExp(`${paymentId}$`));
      await page.locator(".note", { hasText: words("pay.checked") }).waitFor();
      await isFit(page);
    });
  });

  test(`who fills in the form while the bill is paid elsewhere is told that this card was not charged: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `tabs-${language}`;
    const bill = await host.withBill(who);
    await visit({ screen, language, expected: [409] }, async (page) => {
      await enter(page, who);
      await toForm(page, bill, words);
      await page.locator('button[value="pay"]').waitFor();
      await host.charged(await host.pay(who, bill), who);
      await fillInCard(page, "approve");
      await page.getByRole("alert").filter({ hasText: words("code.payment_in_progress") }).waitFor();
      await page.getByText(words("pay.not_charged")).waitFor();
      await isFit(page);
    });
    const { payments } = await host.json("/dev/gateway/ledger");
    const its = payments.filter((one) => one.orderId?.startsWith(bill.billId));
    assert.deepEqual(its.map((one) => one.confirmations).sort(), [0, 1]);
  });

  test(`whose money is stuck is told that somebody looks into it, and not that the card was declined: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `stuck-${language}`;
    const { paymentId } = await host.stuckPayment(who);
    await visit({ screen, language }, async (page) => {
      await enter(page, who);
      await page.goto(`${MYPAGE}#/payments/${paymentId}`);
      await page.locator(".note", { hasText: words("outcome.pay_bill.stuck") }).waitFor();
      await saysWhy(page, words);
    });
    await visit({ screen, language }, async (page) => {
      await signIn(page, "/api/web/console", "청구 운영자");
      await page.goto(`/api/web/console#/search/${who}/payments/${paymentId}`);
      await saysWhy(page, words);
    });
  });
}

/** The page of a wish to pay whose payment was made: its saga is what is given; or was not, by this problem. */
async function atWish(page, bill, { saga, problem }) {
  await page.route("**/api/sagas/pay-p", (route) => route.fulfill({ json: { sagaId: "pay-p", kind: "pay_bill", ...saga } }));
  await page.route("**/api/payments", (route) => route.fulfill({ status: problem?.status, json: problem, contentType: "application/problem+json" }));
  const answer = saga && { paymentId: "p", sagaId: "pay-p", status: "unknown" };
  const wish = { billId: bill.billId, amount: bill.amount, key: "a", paymentKey: "k", answer };
  await page.evaluate((kept) => sessionStorage.setItem("payments", JSON.stringify({ one: kept })), wish);
  await page.goto(`${MYPAGE}#/pay/one`);
  await page.reload();
}

const again = (page, words) => page.getByRole("button", { name: words.start("pay.again") });

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`whose payment came to nothing can pay again at once: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `again-${language}`;
    const bill = await host.withBill(who);
    const steps = [{ step: "pay.captured", state: "failed" }, { step: "bill.settled", state: null }, { step: "pay.completed", state: null }];
    await visit({ screen, language }, async (page) => {
      await enter(page, who);
      await atWish(page, bill, { saga: { status: "compensated", steps } });
      await saysOutcome(page, words("outcome.pay_bill.compensated"));
      await expect(page.locator(".actions .primary"), "it is what is to be done").toHaveText([words.start("pay.again")]);
      await expect(page.locator(".steps li", { hasText: words("step_state.skipped") })).toHaveCount(2);
      await isFit(page);
    });
  });
}

test("what failed is offered to be tried again where that may help, and to be paid again where nothing was charged", async () => {
  const words = wordsOf("ko");
  const bill = await host.withBill("retrying");
  const cases = { payment_declined: [402, [0, 1]], nothing_due: [409, [0, 0]], payment_key_invalid: [422, [0, 1]], deadline_exceeded: [504, [1, 0]] };
  await visit({ expected: [402, 409, 422, 504] }, async (page) => {
    await enter(page, "retrying");
    for (const [code, [status, offered]] of Object.entries(cases)) {
      await atWish(page, bill, { problem: { status, code, reason: "NEWS_TO_US" } });
      await page.getByRole("alert").filter({ hasText: words(`code.${code}`) }).waitFor();
      await expect(page.getByRole("button", { name: words("retry") }), code).toHaveCount(offered[0]);
      await expect(again(page, words), code).toHaveCount(offered[1]);
    }
  });
});

test("a payment that was declined or came back by itself says why, in words", async () => {
  const words = wordsOf("ko");
  const { paymentId } = await host.heldPayment("asking-why", "approve");
  const payment = await host.json(`/api/payments/${paymentId}`, { who: "asking-why" });
  const news = { status: "declined", reason: "NEWS_TO_US" };
  const shows = async (page, at, about, text) => {
    await page.route(`**/api/payments/${paymentId}*`, (route) => route.fulfill({ json: { ...payment, ...about } }));
    await page.goto(at);
    await page.reload();
    await page.locator(".facts dd, .note", { hasText: text }).waitFor();
    await isFit(page);
  };
  await visit({ screen: PHONE }, async (page) => {
    await enter(page, "asking-why");
    const at = `${MYPAGE}#/payments/${paymentId}`;
    await shows(page, at, { status: "declined", reason: "NOT_CHARGED" }, words("decline.NOT_CHARGED"));
    await shows(page, at, news, words("code.payment_declined"));
    await expect(page.getByText(news.reason)).toHaveCount(0);
    await shows(page, at, { status: "compensated", reason: null }, words("pay.refunded"));
  });
  await visit({}, async (page) => {
    await signIn(page, "/api/web/console", "청구 운영자");
    await shows(page, `/api/web/console#/search/asking-why/payments/${paymentId}`, news, news.reason);
  });
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`who reloads the page while the card is charged has paid once, and is told so: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `reload-${language}`;
    const bill = await host.withBill(who);
    const keys = [];
    await visit({ screen, language, expected: [409] }, async (page) => {
      let charged = false;
      // The first answer is on its way for as long as it takes to reload the page and to look at it.
      await page.route("**/api/payments", async (route) => {
        keys.push(route.request().headers()["idempotency-key"]);
        if (charged) return route.continue();
        if (keys.length === 1) return route.fetch().then(() => {}, () => {});
        const problem = { status: 409, code: "idempotency_key_in_flight" };
        return route.fulfill({ status: 409, contentType: "application/problem+json", json: problem });
      });
      await enter(page, who);
      await toForm(page, bill, words);
      await fillInCard(page, "approve");
      await page.locator(".outcome", { hasText: words("pay.waiting") }).waitFor();
      await page.reload();
      await page.locator(".outcome", { hasText: words("pay.waiting") }).waitFor();
      await expect(page.getByRole("link", { name: words("pay.back") }), "nothing leads away from it").toHaveCount(0);
      await isFit(page);
      charged = true;
      await saysOutcome(page, words("outcome.pay_bill.running"));
      await expect(page.getByRole("alert")).toHaveCount(0);
    });
    assert.ok(keys.length >= 3, `${keys.length} requests`);
    assert.equal(new Set(keys).size, 1, "one wish, one key");
    const { payments } = await host.myPage(who, "the payment", (view) => view.payments.length > 0);
    assert.equal(payments.length, 1);
  });
}
