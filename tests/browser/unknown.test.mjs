// A payment whose outcome nobody knows: played where nothing finds it out before the test does.
import { test } from "node:test";
import { isFit } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";
import { enter, fillInCard, saysOutcome, toForm } from "./mypage.mjs";
import { wordsOf } from "./words.mjs";

stage({ off: ["payments_resolve"] });

test("an outcome that is not known is waited for, and found out", async () => {
  const bill = await host.withBill("unknown");
  await visit({}, async (page) => {
    await enter(page, "unknown");
    await toForm(page, bill);
    await fillInCard(page, "lost");
    await page.getByText("두 번 결제되지 않으니").waitFor();
    await isFit(page);
    await page.getByRole("link", { name: wordsOf("ko")("pay.see") }).click();
    // The page before says the same, under another heading.
    await page.getByRole("heading", { level: 1, name: wordsOf("ko")("payment.title") }).waitFor();
    await page.locator(".note", { hasText: "두 번 결제되지 않으니" }).waitFor();
    await isFit(page);
    await page.goBack();
    await fetch(`${host.url}/admin/functions/payments_resolve`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ input: "" }),
    });
    await saysOutcome(page, "납부되었습니다");
    await page.getByText("두 번 결제되지 않으니").waitFor({ state: "detached" });
  });
});
