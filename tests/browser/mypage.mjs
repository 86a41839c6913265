// What a customer does on MyPage in more than one story.
import { wordsOf } from "./words.mjs";

export const MYPAGE = "/api/web/mypage";

/** Signs in as a customer of any id. */
export async function enter(page, id) {
  await page.goto(MYPAGE);
  await page.locator(".welcome button.primary").click();
  await page.locator("#other").fill(id);
  await page.locator('button[value="customer:"]').click();
  await page.locator(".hero, .empty").first().waitFor();
}

/** Goes from a bill to the gateway's form. */
export async function toForm(page, { billId }, words = wordsOf("ko")) {
  await page.goto(`${MYPAGE}#/bills/${billId}`);
  await page.getByRole("button", { name: words.start("pay.button") }).click();
}

/** Pays with a card on the gateway's form. */
export async function fillInCard(page, card) {
  await page.locator(`input[value="${card}"]`).check();
  await page.locator('button[value="pay"]').click();
}

/** Waits until a saga is told to have come to this. */
export const saysOutcome = (page, text, within = page) => within.locator("[data-status]", { hasText: text }).waitFor();

/** Shows something else on MyPage, and in the console of a customer, than there is: what `of` makes of it. */
export function withView(page, of) {
  return page.route(/\/api\/mypage(\?|$)/, async (route) => {
    const response = await route.fetch();
    if (response.status() !== 200) return route.fulfill({ response });
    const view = await response.json();
    return route.fulfill({ response, json: { ...view, ...of(view) } });
  });
}

/** Shows other bills on MyPage than there are: what `of` makes of them. */
export const withBills = (page, of) => withView(page, ({ bills }) => ({ bills: of(bills) }));
