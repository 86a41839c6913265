// MyPage: the six steps as a customer, and what goes wrong on the way.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { AWAY, DESK, PHONE, expect, holds, isFit, signIn } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";
import { MYPAGE, enter, fillInCard, saysOutcome, toForm, withBills, withView } from "./mypage.mjs";
import { EVERYWHERE, monthIn, wordsOf } from "./words.mjs";

stage({ now: "2026-10-05T10:00:00+09:00" });

/** The pages of a customer with a bill for October, and their headings in Korean. */
const pages = ({ billId }) => {
  const words = wordsOf("ko");
  return [
    ...Object.entries({ "": "nav.home", lines: "nav.lines", bills: "nav.bills", payments: "nav.payments", open: "open.title" })
      .map(([path, name]) => [path, words(name)]),
    [`bills/${billId}`, words("bill.title", { month: monthIn("ko", "2026-10") })],
  ];
};

for (const { language, size } of EVERYWHERE) {
  test(`the six steps in ${language === "ko" ? "Korean" : "English"} on a ${size}`, async () => {
    const words = wordsOf(language);
    const who = `six-${language}-${size}`;
    await host.setClock("2026-10-05T10:00:00+09:00");
    await visit({ screen: size === "desk" ? DESK : PHONE, language }, async (page) => {
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
      await page.locator(".total s", { hasText: "33,000" }).waitFor();
      await expect(page.locator(".total strong > .won")).toHaveText(/24,750/);
      await isFit(page);
      await page.getByRole("button", { name: words("open.submit") }).click();
      const asked = page.locator("dialog[open]");
      await expect(asked.locator("dd")).toHaveText([/^\D+$/, /^\D*24\D*$/, /^\D*24,750\D*$/]);
      await isFit(page);
      await asked.getByRole("button", { name: words("open.confirm") }).click();
      await saysOutcome(page, words("outcome.open_line.completed"));
      const number = (await page.locator(".result strong").textContent()).replaceAll("-", "");
      await isFit(page);
      await page.getByRole("link", { name: words("opening.line") }).click();
      await page.locator(".history li").first().waitFor();
      await page.locator(".facts dd", { hasText: words("open.contract.24") }).filter({ hasText: "2028" }).waitFor();
      await isFit(page);

      // 2. the month is billed; by the clock of then, this sign-in has expired
      await page.getByRole("button", { name: words("sign_out") }).click();
      await host.usage([[`${who}-1`, number, "voice_day", 400, "2026-10-05T10:20:00+09:00"]]);
      await host.setClock("2026-11-02T10:00:00+09:00");
      await host.runMonth("2026-10");
      const { bills: [bill] } = await host.myPage(who, "the bill", (view) => view.bills.length === 1);

      // 3. look it up, with a fresh sign-in
      await enter(page, who);
      await page.locator(".hero .sum", { hasText: bill.amount.toLocaleString("en") }).waitFor();
      await page.locator(".months .due").first().waitFor();
      await isFit(page);
      await page.getByRole("link", { name: words("due.pay") }).click();
      await page.locator(".charges tfoot").waitFor();
      const sum = async () => (await page.locator(".charges tbody td:last-child").allTextContents())
        .map((text) => Number(text.replace(/[^\d-]/g, ""))).reduce((a, b) => a + b, 0);
      await expect.poll(sum).toBe(bill.amount);
      await page.locator(".bill .facts div", { hasText: words("bill.contract") }).locator('time[datetime="2028-10-04"]').waitFor();
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
  const bill = await host.withBill("declined");
  await visit({ expected: [402] }, async (page) => {
    await enter(page, "declined");
    await toForm(page, bill);
    await fillInCard(page, "decline");
    await page.getByRole("alert").filter({ hasText: "카드사가 결제를 거절했습니다" }).waitFor();
    await isFit(page);
    await page.getByRole("link", { name: "청구서로" }).waitFor();
    await page.getByRole("button", { name: /^다시 납부하기/ }).click();
    await fillInCard(page, "slow");
    await saysOutcome(page, "납부되었습니다");
  });
  assert.equal((await host.json(`/api/bills/${bill.billId}`, { who: "declined" })).status, "settled");
});

test("paying is one payment, however often it is asked for and whatever the answers are", async () => {
  const bill = await host.withBill("once");
  const keys = [];
  await visit({ expected: [503] }, async (page) => {
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
  const { payments } = await host.myPage("once", "the payment", (view) => view.payments.length > 0);
  assert.equal(payments.length, 1);
  const ledger = await host.json("/dev/gateway/ledger");
  assert.equal(ledger.payments.filter((one) => one.orderId?.startsWith(bill.billId)).length, 1);
});

test("opening a line is one order, however often the button is pressed", async () => {
  await visit({}, async (page) => {
    await enter(page, "impatient");
    await page.goto(`${MYPAGE}#/open`);
    await page.locator('input[value="lte-basic"]').check();
    await page.locator(".total button").dblclick();
    await page.getByRole("button", { name: "돌아가기" }).click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    assert.equal((await host.json("/api/orders", { who: "impatient" })).items.length, 0, "nothing is ordered by one press");
    await page.locator(".total button").click();
    await page.getByRole("button", { name: "확인하고 개통하기" }).dblclick();
    await saysOutcome(page, "개통되었습니다");
  });
  assert.equal((await host.json("/api/orders", { who: "impatient" })).items.length, 1);
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`a number that is taken is told, everything is undone, and the next try begins where this one ended: ${language}`, async () => {
    const words = wordsOf(language);
    const taken = await host.openLine(`first-${language}`, { plan: "lte-basic" });
    await visit({ screen, language }, async (page) => {
      await enter(page, `second-${language}`);
      await page.goto(`${MYPAGE}#/open`);
      await page.locator(".total button").click();
      await page.getByRole("alert").filter({ hasText: words("open.plan.missing") }).waitFor();
      await page.locator('input[name="plan"]:focus').waitFor();
      await isFit(page);
      await page.locator('input[value="5g-standard"]').check();
      await page.getByRole("alert").waitFor({ state: "detached" });
      await page.locator('input[name="contract"][value="12"]').check();
      await page.locator("#wish").fill("02-123-4567");
      await page.locator(".total button").click();
      await page.locator("#wish[aria-invalid=true]:focus").waitFor();
      await page.locator("#wish").fill(taken.number.replace(/^0(..)(....)/, "+82 $1-$2-"));
      await page.locator(".total button").click();
      await page.locator("dialog[open] dd", { hasText: taken.number.replace(/^(...)(....)/, "$1-$2-") }).waitFor();
      await page.getByRole("button", { name: words("open.confirm") }).click();
      await saysOutcome(page, words("outcome.open_line.compensated"));
      await page.getByText(words("reason.number_taken")).waitFor();
      await isFit(page);
      const again = page.getByRole("link", { name: words("opening.again") });
      await again.click();
      await page.locator('input[value="5g-standard"]:checked').waitFor();
      await expect(page.locator('input[name="contract"][value="12"]')).toBeChecked();
      await isFit(page);

      // The line that came to nothing says why, and leaves the customer one without lines.
      await page.locator("header nav").getByRole("link", { name: words("nav.lines"), exact: true }).click();
      await page.locator(".cards a").click();
      await page.getByText(words("reason.number_taken")).waitFor();
      await again.waitFor();
      await isFit(page);
      await page.locator("header nav").getByRole("link", { name: words("nav.home"), exact: true }).click();
      await page.locator(".hero", { hasText: words("first.title") }).waitFor();
      await expect(page.locator(".months, .item"), "neither a chart of nothing nor the line that came to nothing").toHaveCount(0);
    });
  });
}

test("a form that is left charges nothing", async () => {
  const bill = await host.withBill("leaver");
  await visit({}, async (page) => {
    await enter(page, "leaver");
    await toForm(page, bill);
    await page.locator('button[value="cancel"]').click();
    await page.getByText("청구된 금액은 없습니다").waitFor();
    await expect(page.getByRole("alert"), "it was the customer's own choice").toHaveCount(0);
    await isFit(page);
    await page.getByRole("button", { name: /^다시 납부하기/ }).click();
    await page.locator('button[value="cancel"]').waitFor();
  });
  assert.deepEqual((await host.json("/api/mypage", { who: "leaver" })).payments, []);
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`a form that fails is not told as one that was left, and one that is closed in front of the page is: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `form-${language}`;
    const bill = await host.withBill(who);
    await visit({ screen, language, expected: [500] }, async (page) => {
      await enter(page, who);
      await page.route("**/dev/payment-keys", (route) => route.fulfill({ status: 500 }));
      await toForm(page, bill, words);
      await fillInCard(page, "approve");
      await page.getByRole("alert").filter({ hasText: words("pay.form_failed") }).waitFor();
      await expect(page.getByText(words("pay.form_left"))).toHaveCount(0);
      await isFit(page);

      // As the gateway's script ends where its form is a window in front of the page.
      const closing = 'window.TossPayments = () => ({ payment: () => ({ requestPayment: () => Promise.reject(Object.assign(new Error(), { code: "USER_CANCEL" })) }) });';
      await page.route("**/toss/v2/standard", (route) => route.fulfill({ contentType: "text/javascript", body: closing }));
      const again = page.getByRole("button", { name: words.start("pay.again") });
      await again.click();
      await page.getByRole("status").filter({ hasText: words("pay.form_left") }).waitFor();
      await expect(page.getByText(words("pay.no_form"))).toHaveCount(0);
      await expect(again).not.toHaveAttribute("aria-busy", "true");
      await isFit(page);
    });
    assert.deepEqual((await host.json("/api/mypage", { who })).payments, []);
  });
}

for (const [language, screen] of [["ko", DESK], ["en", PHONE]]) {
  test(`an operator gives a payment back to who is on the phone, in ${language}`, async () => {
    const words = wordsOf(language, "console");
    const who = `phone-${language}`;
    const { bill, paymentId } = await host.paidPayment(who);
    await visit({ screen, language }, async (page) => {
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
    const { bills, payments } = await host.myPage(who, "the cancellation", (view) => view.payments[0].status === "cancelled");
    assert.equal(bills[0].outstanding, bill.outstanding);
    assert.equal(payments.length, 1);
  });
}

test("a cancellation that came to nothing can be asked for again, in another language too", async () => {
  const words = wordsOf("ko");
  const bill = await host.withBill("refused");
  const { sagaId, paymentId } = await host.pay("refused", bill, "refund_refused");
  await host.sagaEnds(sagaId, "refused");
  await visit({ screen: PHONE }, async (page) => {
    await enter(page, "refused");
    await page.goto(`${MYPAGE}#/payments/${paymentId}`);
    const button = page.getByRole("button", { name: words("cancel.button") });
    const dialog = page.locator("dialog[open]");
    for (const attempt of [1, 2]) {
      await button.click();
      await dialog.getByRole("heading", { name: words("cancel.title") }).waitFor();
      await dialog.getByRole("button", { name: words("cancel.confirm") }).click();
      await saysOutcome(page, words("outcome.cancel_payment.compensated"), dialog);
      await dialog.locator(".actions button").click();
      await expect(page.locator(".history li", { hasText: words("payment_status.cancelling") })).toHaveCount(attempt);
    }
    const english = wordsOf("en");
    await page.locator(".languages [lang=en]").click();
    await page.getByRole("button", { name: english("cancel.button") }).click();
    await expect(page.locator("#reason"), "what is suggested is in the language of the page").toHaveValue(english("cancel.reason.wrong_card"));
    await page.locator("#reason").fill("My own words");
    await expect(page.locator("#reason")).toHaveValue("My own words");
    await expect(page.locator(".suggestions [aria-pressed=true]")).toHaveCount(0);
  });
});

test("the bill's document is shown and can be kept", async () => {
  const bill = await host.withBill("reader");
  await visit({}, async (page) => {
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
    await expect.poll(() => tab.evaluate(() => document.contentType)).toBe("application/pdf");
  });
});

test("the bill's document can be read on a phone", async () => {
  const bill = await host.withBill("walker");
  await visit({ screen: PHONE }, async (page) => {
    await enter(page, "walker");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.getByRole("button", { name: "청구서 문서" }).click();
    const sheet = page.locator(".sheet");
    await sheet.getByText(bill.amount.toLocaleString("en")).first().waitFor();
    await isFit(page);
    const lines = (locator) => locator.evaluateAll((all) => all.map((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      return new Set([...range.getClientRects()].map((rect) => Math.round(rect.bottom))).size;
    }));
    await holds(async () => {
      assert.deepEqual(await lines(sheet.locator("dl dd").nth(0)), [3], "the id stands on few lines");
      assert.ok((await lines(sheet.locator("td .unit [lang=en]"))).every((count) => count === 1), "no unit is broken");
      assert.ok(await sheet.evaluate((one) => one.scrollWidth <= one.clientWidth), "the sheet is as wide as its place");
      const tops = await page.locator(".sheet + .actions button").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
      assert.equal(new Set(tops).size, 1, "the buttons stand in a row");
      const { height } = await page.locator("dialog[open]").boundingBox();
      assert.ok(height >= 0.94 * PHONE.viewport.height, `the window takes ${height} px of the screen`);
    });
  });
});

test("a PDF that cannot be had is told so, leaves no empty tab, and is what is tried again", async () => {
  const bill = await host.withBill("paperless");
  await visit({ expected: [503] }, async (page) => {
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
    await page.unroute("**/document?format=pdf");
    const retry = page.locator("dialog").getByRole("button", { name: wordsOf("ko")("retry") });
    const [again] = await Promise.all([page.waitForEvent("popup"), retry.click()]);
    await again.waitForURL(/^blob:/, { waitUntil: "commit" });
    await retry.waitFor({ state: "detached" });
  });
});

for (const [language, screen] of [["ko", PHONE], ["en", PHONE], ["ko", DESK]]) {
  test(`sums over neighbouring bars do not run into each other: ${language}, ${screen.viewport.width} px`, async () => {
    const who = `bars-${language}-${screen.viewport.width}`;
    await host.withBill(who);
    await visit({ screen, language }, async (page) => {
      await withBills(page, ([bill]) => {
        const of = (usageMonth, amount) => ({ ...bill, billId: `${bill.billId}${usageMonth}`, usageMonth, amount });
        return [of("2026-08", 128_800), of("2026-09", 157_700), of("2026-10", 144_400)];
      });
      await enter(page, who);
      const sums = page.locator(".months .value");
      await expect(sums).toHaveText([language === "ko" ? "15.8만원" : "₩158K"]);
      const boxes = (selector) => page.locator(selector).evaluateAll((all) =>
        all.map((one) => one.getBoundingClientRect()).map(({ left, right, top, bottom }) => ({ left, right, top, bottom })));
      await holds(async () => {
        const edges = await boxes(".months :is(figcaption, svg, .key:first-child)");
        const [title, picture, key] = edges.map(({ left, right }) => ({ left: Math.round(left), right: Math.round(right) }));
        assert.equal(title.left, picture.left);
        // The legend is under a picture that takes the width of its card, and beside one that does not.
        assert.ok(screen === PHONE ? key.left === picture.left : key.left > picture.right, JSON.stringify(edges));
        const [sum] = await boxes(".months .value");
        const bars = await boxes(".months rect");
        assert.ok(bars.length >= 3);
        for (const { left, right, top, bottom } of bars) {
          assert.ok(sum.right <= left || sum.left >= right || sum.bottom <= top + 1 || sum.top >= bottom, "the sum stands free");
        }
      });
    });
  });
}

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`two bills lead to their list, and each can be read: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `two-${language}`;
    await host.withBill(who);
    await visit({ screen, language }, async (page) => {
      await withBills(page, ([bill]) => [bill, {
        ...bill, billId: bill.billId.replace("202610", "202611"), usageMonth: "2026-11", dueDate: "2026-12-25", amount: 1_650, outstanding: 1_650,
      }]);
      await enter(page, who);
      await page.locator(".hero", { hasText: words("due.bills", { count: 2 }) }).waitFor();
      await page.locator(".months .value").first().waitFor();
      await expect(page.locator(".months .value", { hasText: "1.65" })).toHaveCount(0);
      await page.getByRole("link", { name: words("due.list") }).click();
      const lines = () => page.locator(".list time").evaluateAll((all) => all.map((one) => one.getClientRects().length));
      await expect.poll(lines, "a date stands on one line").toEqual([1, 1]);
      await isFit(page);
    });
  });
}

test("large letters on a phone cut nothing off, and break no number", async () => {
  const who = "large-letters";
  const bill = await host.withBill(who);
  await visit({ screen: PHONE }, async (page) => {
    await withBills(page, ([one]) => [one, { ...one, billId: one.billId.replace("202610", "202611"), usageMonth: "2026-11", amount: 12_345_670, outstanding: 12_345_670 }]);
    await enter(page, who);
    await page.evaluate(() => { document.documentElement.style.fontSize = "24px"; });
    for (const [path, title] of pages(bill).filter(([one]) => one !== "payments")) {
      await page.evaluate((hash) => { location.hash = hash; }, `#/${path}`);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.locator(".item, .card.link, .plan, .charges").first().waitFor();
      if (path === "open") await page.locator('input[value="5g-standard"]').check();
      const cut = () => page.evaluate((width) => {
        const broken = (one) => {
          const range = document.createRange();
          range.selectNodeContents(one);
          return new Set([...range.getClientRects()].map((rect) => Math.round(rect.bottom))).size > 1;
        };
        const outside = (one) => ((rect) => rect.right > width || rect.left < 0)(one.getBoundingClientRect());
        return [...document.querySelectorAll(".nowrap, .won")].filter((one) => broken(one) || outside(one))
          .concat([...document.querySelectorAll("main :is(button, .button)")].filter(outside)).map((one) => one.outerHTML);
      }, PHONE.viewport.width);
      await expect.poll(cut, path).toEqual([]);
      await isFit(page);
    }
  });
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`a line is closed before the reader's eyes, and its final bill is made out: ${language}`, async () => {
    const words = wordsOf(language);
    const line = await host.openLine(`leaving-${language}`, { plan: "lte-light" });
    await visit({ screen, language }, async (page) => {
      await enter(page, `leaving-${language}`);
      await page.goto(`${MYPAGE}#/lines/${line.orderId}`);
      await page.getByRole("button", { name: words("close.line") }).click();
      const dialog = page.locator("dialog[open]");
      await dialog.getByRole("button", { name: words("close.confirm") }).waitFor();
      await isFit(page);
      const wide = () => dialog.locator(".actions > *").evaluateAll((all) => all.map((one) => one.clientWidth > 0.98 * one.parentElement.clientWidth));
      if (screen === PHONE) await expect.poll(wide).toEqual([true, true]);
      await page.getByRole("button", { name: words("close.confirm") }).click();
      await saysOutcome(page, words("outcome.close_line.completed"), dialog);
      // The page behind knows it by now, and the dialog is still there.
      await page.locator(".heading .chip", { hasText: words("order_status.terminated") }).waitFor();
      await dialog.getByRole("link", { name: words("close.bill") }).waitFor();
      await isFit(page);
      await dialog.locator(".actions").getByRole("button", { name: words("close"), exact: true }).click();
      await dialog.waitFor({ state: "detached" });
      await expect(page.getByRole("button", { name: words("close.line") })).toHaveCount(0);
    });
    await host.myPage(`leaving-${language}`, "the final bill", ({ bills }) => bills.some((bill) => bill.billId.endsWith("-final1")));
  });
}

test("everything can be reached with the keyboard alone", async () => {
  await host.withBill("keyboard");
  await visit({}, async (page) => {
    await enter(page, "keyboard");
    await page.keyboard.press("Tab");
    await expect(page.locator(".skip")).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.locator("#main")).toBeFocused();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".charges").waitFor();
    await expect(page.locator("h1"), "the heading has the focus").toBeFocused();
    await page.keyboard.press("Shift+Tab");
    await expect(page.locator(":focus")).toContainText("청구서");
  });
});

test("the dark pages can be read as well", async () => {
  const bill = await host.withBill("night");
  await visit({ dark: true, screen: PHONE }, async (page) => {
    await page.goto(MYPAGE);
    await page.locator(".welcome").waitFor();
    await isFit(page);
    await enter(page, "night");
    for (const [path, title] of pages(bill)) {
      await page.goto(`${MYPAGE}#/${path}`);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      await isFit(page);
    }
  });
});

test("the newest payment comes first, whatever its bill is", async () => {
  const { paymentId } = await host.paidPayment("newest");
  const made = [["2026-11-02T10:00:01+09:00", "-p9"], ["2026-11-02T10:00:00.5+09:00", "-p10"]];
  const view = ({ payments: [payment] }) => ({ payments: made.map(([at, id]) => ({
    ...payment, paymentId: paymentId.replace(/-p1$/, id), history: [{ status: "pending", at }, ...payment.history],
  })) });
  const newest = (page) => page.locator('a[href*="-p"]').first();
  await visit({}, async (page) => {
    await withView(page, view);
    await enter(page, "newest");
    for (const path of ["", "payments"]) {
      await page.goto(`${MYPAGE}#/${path}`);
      await page.locator("h1", { hasText: path ? "납부 내역" : "홈" }).waitFor();
      await expect(newest(page), path).toHaveAttribute("href", /-p9$/);
    }
  });
  await visit({}, async (page) => {
    await withView(page, view);
    await signIn(page, "/api/web/console", "청구 운영자");
    await page.goto("/api/web/console#/search/newest");
    await expect(newest(page)).toHaveAttribute("href", /-p9$/);
  });
});

test("who goes on while away still has what was read before", async () => {
  const bill = await host.withBill("tunnel");
  await visit({ expected: [429] }, async (page) => {
    await enter(page, "tunnel");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.locator(".charges").waitFor();
    await page.goto(`${MYPAGE}#/bills`);
    await page.locator(".list").waitFor();
    await page.route("**/api/**", (route) => route.fulfill(AWAY));
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.locator(".stale").waitFor();
    await page.locator(".charges").waitFor();
    await isFit(page);
  });
});

test("who is away while a line is opened is told so, and sees how far it was", async () => {
  const { orderId } = await host.openLine("opener", { plan: "lte-light" });
  const saga = await host.json(`/api/sagas/open-${orderId}`, { who: "opener" });
  await visit({ screen: PHONE, expected: [429] }, async (page) => {
    let away = false;
    await page.route("**/api/sagas/open-*", (route) => (away
      ? route.fulfill(AWAY) : route.fulfill({ json: { ...saga, status: "running" } })));
    await enter(page, "opener");
    await page.goto(`${MYPAGE}#/open/${orderId}`);
    await page.locator(".steps").waitFor();
    away = true;
    await page.locator(".progress .stale").waitFor();
    await page.locator(".steps").waitFor();
    await isFit(page);
    away = false;
    await page.locator(".stale").waitFor({ state: "detached" });
  });
});

test("who is away is told so, and what was there stays", async () => {
  await host.withBill("traveller");
  await visit({ expected: [429] }, async (page) => {
    await enter(page, "traveller");
    await page.route("**/api/mypage", (route) => route.fulfill(AWAY));
    await page.locator(".stale").waitFor();
    await page.locator(".hero").waitFor();
    await isFit(page);
    await page.unroute("**/api/mypage");
    await page.locator(".stale").waitFor({ state: "detached" });
  });
});
