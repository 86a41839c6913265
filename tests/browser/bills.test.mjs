// A customer's bills: which are to be paid, until when, and how each amount follows.
import { test } from "node:test";
import assert from "node:assert/strict";
import { DESK, PHONE, expect, gate, holds, isFit, signIn } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";
import { MYPAGE, enter, fillInCard, saysOutcome, toForm, withBills, withView } from "./mypage.mjs";
import { monthIn, wordsOf } from "./words.mjs";

stage();

/** A bill like another one, for another month. */
const like = (bill, month, about = {}) => ({
  ...bill, billId: bill.billId.replace("202610", month.replace("-", "")), usageMonth: month, ...about,
});

for (const [language, screen] of [["ko", PHONE], ["en", DESK]]) {
  test(`what is overdue says so, comes first, and is listed with what else is to be paid: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `late-${language}`;
    const bill = await host.withBill(who);
    const view = ({ bills: [one], payments }) => ({
      bills: [
        one, like(one, "2026-11", { dueDate: "2026-12-25" }), like(one, "2026-09", { outstanding: 0, status: "settled" }),
        like(one, "2026-12", { amount: 0, outstanding: 0, status: "settled" }), like(one, "2026-08"),
      ],
      payments: [...payments, { paymentId: "p", billId: like(one, "2026-08").billId, amount: one.amount, status: "unknown", history: [{ status: "pending", at: "2026-11-02T10:00:00+09:00" }] }],
    });
    // The last day counts until it is over in Seoul.
    for (const [now, late] of [["2026-11-25T23:30:00+09:00", 0], ["2026-11-26T00:01:00+09:00", 1]].slice(language === "ko" ? 0 : 1)) {
      await host.setClock(now);
      await visit({ screen, language }, async (page) => {
        await withView(page, view);
        await enter(page, who);
        const hero = page.locator(".hero", { hasText: words("due.bills", { count: 2 }) });
        await expect(hero.getByText(words("due.late"))).toHaveCount(late);
        await expect(hero.locator("time")).toHaveAttribute("datetime", "2026-11-25");
        const chips = page.locator('.item[href*="/bills/"] .chip');
        const due = [words(late ? "bill.overdue" : "bill_status.issued"), words("bill_status.issued")];
        await expect(chips).toHaveText([...due, words("bill.nothing")]);
        if (!late) return;
        await isFit(page);
        await page.getByRole("link", { name: words("due.list") }).click();
        await page.locator(".choice").waitFor();
        await expect(chips).toHaveText(due);
        await isFit(page);
        await page.getByRole("link", { name: words("bills.all"), exact: true }).click();
        await expect(chips).toHaveText([words("bill.nothing"), due[1], due[0], words("bill_status.settled"), words("bill.checked")]);
        await isFit(page);
        await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
        await page.locator(".heading .chip.bad", { hasText: words("bill.overdue") }).waitFor();
      });
    }
    if (language === "ko") return;
    await visit({ screen, language }, async (page) => {
      await withView(page, view);
      await signIn(page, "/api/web/console", "청구 운영자");
      await page.goto(`/api/web/console#/search/${who}`);
      await page.locator(".chip.bad", { hasText: words("bill.overdue") }).waitFor();
      await page.locator('a[href*="/bills/"] .chip', { hasText: words("bill.checked") }).waitFor();
      await page.locator(".facts .late").waitFor();
      await isFit(page);
    });
  });
}

test("what can be done with a bill stays in its place while its payments are looked up", async () => {
  const words = wordsOf("ko");
  const bill = await host.withBill("unmoved");
  await visit({ screen: PHONE }, async (page) => {
    await enter(page, "unmoved");
    const [held, answer] = gate();
    await page.route("**/api/mypage", async (route) => {
      await held;
      return route.continue();
    });
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.reload();
    const placeOf = async () => Math.round((await page.getByRole("button", { name: words("document.show") }).boundingBox()).y);
    const pay = page.getByRole("button", { name: words.start("pay.button") });
    await expect(pay).toHaveAttribute("aria-disabled", "true");
    const place = await placeOf();
    await isFit(page);
    answer();
    await expect(pay).not.toHaveAttribute("aria-disabled", "true");
    await expect.poll(placeOf).toBe(place);
  });
});

test("the picture of a year is of twelve months that are over, and a bill of nothing has no due date", async () => {
  const words = wordsOf("ko");
  await host.withBill("yearly");
  const months = ["2025-10", "2025-11", "2025-12", ...Array.from({ length: 10 }, (_, index) => `2026-${String(index + 1).padStart(2, "0")}`)];
  await visit({ screen: PHONE }, async (page) => {
    await withBills(page, ([bill]) => months.map((month) => like(bill, month, month === "2026-03" ? { amount: 0, outstanding: 0, status: "settled" } : {})));
    await enter(page, "yearly");
    const labels = page.locator(".months .label");
    await expect(labels).toHaveText(["11", "12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    await page.locator(".months summary").click();
    await expect(page.locator(".months tbody tr"), "a bill of nothing is none of them").toHaveCount(11);
    await page.goto(`${MYPAGE}#/bills`);
    const row = (month) => page.locator(".list li", { hasText: monthIn("ko", month) });
    await row("2026-02").locator("time").waitFor();
    await row("2026-03").locator(".chip", { hasText: words("bill.nothing") }).waitFor();
    await expect(row("2026-03").locator("time")).toHaveCount(0);
    await isFit(page);
  });
});

test("a bill is printed on one sheet, without what is there to be pressed", async () => {
  const bill = await host.withBill("printed");
  await visit({}, async (page) => {
    await enter(page, "printed");
    await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
    await page.locator(".charges tfoot").waitFor();
    await page.locator(".actions button").first().waitFor();
    const sheets = async () => (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    await expect.poll(sheets).toBe(1);
    await page.emulateMedia({ media: "print" });
    await expect(page.locator(":is(header.top, .actions, .back):visible")).toHaveCount(0);
    await expect(page.locator(".charges tfoot")).toBeVisible();
    await page.goto(`${MYPAGE}#/`);
    await expect(page.locator(".hero .sum"), "dark letters, as the ground behind them is not printed").toHaveCSS("color", await page.locator("body").evaluate((body) => getComputedStyle(body).color));
  });
});

test("who chooses the colours themselves can still tell what is paid from what is due", async () => {
  await host.withBill("contrast");
  await visit({}, async (page) => {
    await page.emulateMedia({ forcedColors: "active" });
    await enter(page, "contrast");
    const colour = (selector) => page.locator(selector).first().evaluate((one) => getComputedStyle(one).backgroundColor);
    await page.locator(".key.due").first().waitFor();
    await holds(async () => {
      const [paid, due] = await Promise.all([colour(".key.paid"), colour(".key.due")]);
      assert.notEqual(paid, due);
    });
    const here = (selector) => page.locator(selector).evaluateAll((all) => all.map((one) => getComputedStyle(one).borderBottomWidth));
    await expect.poll(() => here(".top nav a[aria-current], .languages [aria-pressed=true]")).toEqual(["3px", "3px"]);
    await isFit(page);
  });
});

test("who has paid a bill is led to the next one", async () => {
  const words = wordsOf("ko");
  const bill = await host.withBill("one-by-one");
  const next = like(bill, "2026-11");
  await visit({ screen: PHONE }, async (page) => {
    await withBills(page, (bills) => [...bills, next]);
    await enter(page, "one-by-one");
    await toForm(page, bill, words);
    await fillInCard(page, "approve");
    await saysOutcome(page, words("outcome.pay_bill.completed"));
    const on = page.locator(".actions .primary");
    await on.getByText(words("pay.next")).waitFor();
    await expect(on).toHaveAttribute("href", `#/bills/${next.billId}`);
    await isFit(page);
  });
});

test("a final bill is called one, and a line leads to its bills", async () => {
  const words = wordsOf("en");
  const bill = await host.withBill("final");
  await visit({ language: "en" }, async (page) => {
    await withBills(page, ([one]) => [one, { ...like(one, "2026-11"), billId: `${one.billId.replace("202610", "202611")}-final1` }]);
    await enter(page, "final");
    await page.goto(`${MYPAGE}#/lines/${bill.orderId}`);
    const drawn = () => page.locator(".history li").evaluateAll((all) => all.map((one) => getComputedStyle(one, "::after").content !== "none"));
    await expect.poll(drawn, "no line goes on behind the last dot").toEqual([true, false]);
    await page.getByRole("link", { name: words("line.bills", { count: 2 }), exact: true }).click();
    await page.locator(".list strong", { hasText: words("bill.final", { month: "November 2026" }) }).waitFor();
    await isFit(page);
  });
});

for (const language of ["ko", "en"]) {
  test(`each charge says how it follows, and each plan what it costs: ${language}`, async () => {
    const words = wordsOf(language);
    const who = `prices-${language}`;
    const bill = await host.withBill(who);
    const won = (amount) => (language === "ko" ? `${amount}원` : `₩${amount}`);
    const unit = words("unit.minute");
    const line = (rule, quantity) => ({ code: "voice_day", quantity, unit: "minute", rate: 108.5, rule, amount: 1000 });
    const rate = words("rate.minute", { price: won("108.5") });
    const month = monthIn(language, "2026-09");
    const lines = [
      [line("unit rate", 5), rate],
      [line("included 262/300", 400), words("rule.over", { over: 138, b: 300, unit, price: won("108.5") })],
      [line("included 0/300", 1200.5), words("rule.over", { over: "1,200.5", b: 300, unit, price: won("108.5") })],
      [line("included 280/300", 280), words("rule.included", { a: 280, b: 300, unit })],
      [line("late usage of 2026-09", 3), `${words("rule.late", { month })} · ${rate}`],
      [line("late usage of 2026-09, unlimited", 3), `${words("rule.late", { month })} · ${words("rule.unlimited")}`],
    ];
    await visit({ screen: language === "ko" ? PHONE : DESK, language }, async (page) => {
      await page.route(`**/api/bills/${bill.billId}`, async (route) => {
        const response = await route.fetch();
        return route.fulfill({ response, json: { ...(await response.json()), lines: lines.map(([one]) => one) } });
      });
      await enter(page, who);
      await page.goto(`${MYPAGE}#/bills/${bill.billId}`);
      const rules = () => page.locator(".charges tbody .sub").evaluateAll((all) => all.map((one) => [...one.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join("").trim()));
      await expect.poll(rules).toEqual(lines.map(([, text]) => text));
      await isFit(page);
      await page.goto(`${MYPAGE}#/open`);
      const rates = (plan) => page.locator(".plan", { has: page.locator(`[value="${plan}"]`) }).locator(".rates li");
      await page.locator(".rates").first().waitFor();
      await expect(rates("lte-light")).toHaveCount(0);
      await expect(rates("lte-basic")).toHaveCount(5);
      const metered = rates("published-rates");
      await expect(metered).toHaveCount(7);
      await expect(metered.nth(1)).toHaveText(new RegExp(`${words("rate.minute", { price: won(170) })}$`));
      await expect(metered.last()).toContainText("20.48");
      await page.locator('[value="lte-light"]').check();
      const inRow = (selector) => expect.poll(() =>
        page.locator(selector).evaluateAll((boxes) => boxes.filter((one) => one.offsetTop === boxes[0].offsetTop).length));
      await inRow(".plan").toBe(language === "ko" ? 1 : 3);
      await inRow(".choices label").toBe(3);
      await isFit(page);
    });
  });
}
