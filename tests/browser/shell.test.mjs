// What both sites share: the language, the session, addresses that lead nowhere, and where the focus goes.
import { test } from "node:test";
import assert from "node:assert/strict";
import { DESK, PHONE, expect, gate, holds, isFit, signIn } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";
import { enter } from "./mypage.mjs";
import { wordsOf } from "./words.mjs";

const SITES = [
  { site: "mypage", person: "김민지", first: "nav.home" },
  { site: "console", person: "청구 운영자", first: "today.title" },
];
const SCREENS = [["ko", DESK], ["en", PHONE]];
const NOW = "2026-11-02T10:00:00+09:00";

stage();

const path = (site, rest = "") => `/api/web/${site}${rest}`;
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });

/** The page that is shown has this heading and this title. */
async function isHeaded(page, name, words, site) {
  await heading(page, name).waitFor();
  await expect(page).toHaveTitle(`${name} · ${words(site)}`);
}

/** The focus is on the heading of this level, within what is in front. */
const isAtHeading = (page, level, inside = "main") => expect(page.locator(`${inside} h${level}`)).toBeFocused();

for (const { site, person, first } of SITES) {
  test(`the button for the language changes all of ${site}, its title too`, async () => {
    const buttons = { ko: "한국어", en: "English" };
    await visit({}, async (page) => {
      const read = async (language, name) => {
        await page.getByRole("button", { name: buttons[language] }).click();
        const words = wordsOf(language, site);
        await isHeaded(page, words(name), words, site);
        await expect(page.locator("html")).toHaveAttribute("lang", language);
        await isFit(page);
      };
      await page.goto(path(site));
      await read("en", `welcome.${site}.title`);
      await read("ko", `welcome.${site}.title`);
      await signIn(page, path(site), person);
      await read("en", first);
      await read("ko", first);
    });
  });

  test(`who is quicker than the first page of ${site} gets where they went, in the language they chose`, async () => {
    const words = wordsOf("en", site);
    await visit({}, async (page) => {
      await signIn(page, path(site), person);
      await heading(page, wordsOf("ko", site)(first)).waitFor();
      // As soon as there is something to press, before the browser has painted it.
      await page.addInitScript(() => new MutationObserver((_, watch) => {
        const english = document.querySelector(".languages button[lang=en]");
        if (!english || !document.querySelector("header nav")) return;
        watch.disconnect();
        english.click();
        location.hash = "#/nowhere";
      }).observe(document, { childList: true, subtree: true }));
      await page.reload();
      await isHeaded(page, words("not_here"), words, site);
    });
  });

  test(`who was signed in to ${site} for too long is told so, and not who signed out`, async () => {
    for (const [language, screen] of SCREENS) {
      const words = wordsOf(language, site);
      await host.setClock(NOW);
      await visit({ screen, language, expected: [401] }, async (page) => {
        await signIn(page, path(site), person);
        await heading(page, words(first)).waitFor();
        // An API that lets the token in no more, as it is after its time.
        await page.route((url) => url.pathname.startsWith("/api/") && !url.pathname.startsWith("/api/web/"), (route) =>
          route.fulfill({ status: 401, contentType: "application/problem+json", json: { code: "unauthenticated" } }));
        await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
        const told = page.getByRole("alert").filter({ hasText: words("sign_in.expired") });
        await told.waitFor();
        await isAtHeading(page, 1);
        await isFit(page);
        await page.unrouteAll();
        await page.reload();
        await told.waitFor();
        await signIn(page, path(site), person);
        await heading(page, words(first)).waitFor();
        await page.getByRole("button", { name: words("sign_out") }).click();
        await page.locator(".welcome").waitFor();
        await expect(page.getByRole("alert")).toHaveCount(0);
      });
    }
  });

  test(`who comes back to ${site} and gets the page as it was left can press its button again`, async () => {
    await visit({}, async (page) => {
      let held = true;
      await page.route("**/api/web/settings", (route) => held || route.continue());
      await page.goto(path(site));
      const button = page.locator(".welcome button.primary");
      await button.click();
      await expect(button).toHaveAttribute("aria-busy", "true");
      held = false;
      // What the browser says when it takes the page out of its memory.
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
      await expect(button).not.toHaveAttribute("aria-busy", "true");
      await button.click();
      await page.getByRole("button", { name: person }).waitFor();
    });
  });

  test(`an address of ${site} that leads nowhere has a heading, a title and a way back`, async () => {
    const nowhere = {
      mypage: ["%E0%A4%A", "nothing", "bills/xyz", "payments/xyz", "lines/xyz", "pay/xyz", "open/xyz"],
      console: ["%E0%A4%A", "nothing", "sagas/nope-1", "search/customer-1/bills/xyz", "search/customer-1/payments/xyz"],
    };
    for (const [language, screen] of SCREENS) {
      const words = wordsOf(language, site);
      await visit({ screen, language, expected: [400, 404] }, async (page) => {
        await signIn(page, path(site), person);
        for (const there of nowhere[site]) {
          await page.goto(path(site, `#/${there}`));
          await isHeaded(page, words("not_here"), words, site);
          await isAtHeading(page, 1);
          await expect(page.getByRole("button", { name: words("retry") }), there).toHaveCount(0);
          await isFit(page);
          await page.reload();
          await isHeaded(page, words("not_here"), words, site);
          await page.locator("main").getByRole("link").last().click();
          await page.locator("h1").filter({ hasNotText: words("not_here") }).waitFor();
        }
      });
    }
  });
}

test("whatever is wanted is asked for once, and what else is wanted meanwhile has a request and an answer of its own", async () => {
  const asked = [];
  await visit({}, async (page) => {
    await page.goto(path("mypage"));
    await page.locator(".welcome").waitFor();
    await page.route("**/api/wishes", (route) => {
      const wish = route.request().postDataJSON();
      asked.push([wish, route.request().headers()["idempotency-key"]]);
      return route.fulfill({ json: wish });
    });
    const answers = await page.evaluate(async () => {
      const files = performance.getEntriesByType("resource").map(({ name }) => name);
      const load = (part) => import(files.find((name) => name.includes(part)));
      const [{ createElement, render }, { useIntent }] = await Promise.all([load("vendor-preact"), load("api.")]);
      let intent;
      const Wisher = () => {
        intent = useIntent();
        return null;
      };
      render(createElement(Wisher), document.createElement("div"));
      // No answer can be there before all are sent.
      return Promise.all(["one", "one", "other"].map((wish) => intent.send("/api/wishes", wish)));
    });
    assert.deepEqual(answers, ["one", "one", "other"]);
  });
  assert.deepEqual(asked.map(([wish]) => wish), ["one", "other"]);
  assert.equal(new Set(asked.map(([, key]) => key)).size, 2);
});

test("on the narrowest phone, the site's name and its buttons stand in one row", async () => {
  for (const { site, person } of SITES) {
    await visit({ screen: { ...PHONE, viewport: { width: 320, height: 640 } } }, async (page) => {
      await signIn(page, path(site), person);
      await page.locator(".top nav").waitFor();
      await holds(async () => {
        const [brand, tools] = await Promise.all([page.locator(".brand").boundingBox(), page.locator(".tools").boundingBox()]);
        assert.ok(brand.y < tools.y + tools.height && tools.y < brand.y + brand.height, JSON.stringify({ brand, tools }));
      });
      await isFit(page);
    });
  }
});

test("what month it is the service says, not the browser", async () => {
  const [mine, its] = ["2026-11-27T10:00:00+09:00", "2027-02-02T10:00:00+09:00"];
  await host.paidPayment("far-ahead");
  await host.setClock(its);
  await visit({}, async (page) => {
    await page.clock.setFixedTime(mine);
    await enter(page, "far-ahead");
    await expect(page.locator(".months .label").last()).toHaveText("1");
  });
  await visit({ expected: [404] }, async (page) => {
    await page.clock.setFixedTime(mine);
    await signIn(page, path("console"), "청구 운영자");
    await page.goto(path("console", "#/runs"));
    await expect(page.locator("#month")).toHaveValue("2027-01");
  });
  await host.setClock(NOW);
});

test("a page that cannot be read has a heading, and what it shows when it can takes the focus", async () => {
  const { bill } = await host.paidPayment("unread");
  const words = wordsOf("ko");
  await visit({ expected: [500] }, async (page) => {
    await enter(page, "unread");
    await page.route("**/api/bills/*", (route) => route.fulfill({ status: 500, json: { code: "internal" } }));
    await page.goto(path("mypage", `#/bills/${bill.billId}`));
    await isHeaded(page, words("not_loaded"), words, "mypage");
    await isFit(page);
    // The page itself tries again too, and must not have it before the button is pressed.
    const [pressed, press] = gate();
    await page.route("**/api/bills/*", async (route) => {
      await pressed;
      return route.continue();
    });
    await page.getByRole("button", { name: words("retry") }).click();
    press();
    await page.locator(".charges").waitFor();
    await isAtHeading(page, 1);
    await expect(page.locator("h1")).not.toHaveText(words("not_loaded"));
  });
});

for (const [language, screen] of SCREENS) {
  test(`the window for a cancellation leads to what is to be done, and back to the page: ${language}`, async () => {
    const who = `focus-${language}`;
    const words = wordsOf(language);
    const { paymentId } = await host.paidPayment(who);
    await visit({ screen, language }, async (page) => {
      await enter(page, who);
      await page.goto(path("mypage", `#/payments/${paymentId}`));
      const button = page.getByRole("button", { name: words("cancel.button") });
      await button.click();
      await isAtHeading(page, 2, "dialog[open]");
      await page.keyboard.press("Escape");
      await expect(button).toBeFocused();
      await button.click();

      const reason = page.locator("#reason");
      await reason.fill("   ");
      await page.getByRole("button", { name: words("cancel.confirm") }).click();
      await page.locator("#reason:focus[aria-invalid=true]").waitFor();
      await page.getByText(words("cancel.reason.missing")).waitFor();
      await isFit(page);
      await page.getByRole("button", { name: words("cancel.reason.twice") }).click();
      await page.locator("#reason:focus:not([aria-invalid])").waitFor();
      await expect(reason).toHaveValue(words("cancel.reason.twice"));
      await expect(page.getByText(words("cancel.reason.missing"))).toHaveCount(0);

      await page.getByRole("button", { name: words("cancel.confirm") }).click();
      await isAtHeading(page, 2, "dialog[open]");
      const done = words("outcome.cancel_payment.completed");
      await page.locator("dialog[open] .voice", { hasText: done }).waitFor({ state: "attached" });
      await isFit(page);
      await button.waitFor({ state: "detached" });
      await page.getByRole("button", { name: words("close"), exact: true }).last().click();
      await isAtHeading(page, 1);
    });
    assert.equal((await host.json(`/api/payments/${paymentId}`, { who })).cancelReason, words("cancel.reason.twice"));
  });
}

test("a saga that is tried again leaves the focus on the page", async () => {
  const line = await host.openLine("stand-in", { plan: "lte-light" });
  const saga = await host.json(`/api/sagas/open-${line.orderId}`, { who: "operator-1" });
  const words = wordsOf("ko", "console");
  await visit({}, async (page) => {
    let status = "stuck";
    await page.route("**/api/sagas/open-*", (route) => route.fulfill({ json: { ...saga, status } }));
    await page.route("**/api/sagas/*/retry", (route) => {
      status = "compensating";
      return route.fulfill({ status: 202, json: {} });
    });
    await page.clock.install();
    await signIn(page, path("console"), "청구 운영자");
    await page.goto(path("console", `#/sagas/${saga.sagaId}`));
    const retry = page.getByRole("button", { name: words("saga.retry") });
    await retry.focus();
    await page.keyboard.press("Enter");
    await retry.waitFor({ state: "detached" });
    await isAtHeading(page, 1);
    await page.locator("#live", { hasText: words("saga.retried") }).waitFor({ state: "attached" });
    await page.clock.fastForward("01:00");
    await expect(page.locator("#live"), "it is no news for ever").toBeEmpty();
  });
});

test("the parts of a card stand apart", async () => {
  const { bill } = await host.paidPayment("apart");
  await visit({ screen: PHONE }, async (page) => {
    await enter(page, "apart");
    for (const refused of ["PAY_PROCESS_CANCELED", undefined]) {
      const wish = { billId: bill.billId, amount: bill.amount, key: "a", refused, answer: { paymentId: "p", sagaId: "pay-p", status: "unknown" } };
      await page.route("**/api/sagas/pay-p", (route) => route.fulfill({ json: {
        sagaId: "pay-p", kind: "pay_bill", status: "running", steps: [{ step: "pay.captured", state: null }],
      } }));
      await page.evaluate((kept) => sessionStorage.setItem("payments", JSON.stringify({ one: kept })), wish);
      await page.goto(path("mypage", refused ? "#/pay/one" : "#/payments"));
      if (!refused) await page.goto(path("mypage", "#/pay/one"));
      await page.locator(".card .note").waitFor();
      if (!refused) await page.locator(".card .outcome").waitFor();
      await holds(async () => {
        const parts = await page.locator(".card > *").evaluateAll((all) => all.map((part) => part.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
        assert.ok(parts.length >= 3);
        assert.ok(parts.every(({ top }, index) => index === 0 || top - parts[index - 1].bottom >= 12), JSON.stringify(parts));
      });
      await isFit(page);
    }
  });
});

test("who is in the wrong place is told so, with room between the lines", async () => {
  const words = wordsOf("ko");
  await visit({ screen: PHONE }, async (page) => {
    await signIn(page, path("console"), "김민지");
    await heading(page, words("operators_only")).waitFor();
    await holds(async () => {
      const [text, title] = await Promise.all([page.locator(".failed").boundingBox(), page.locator("h1").boundingBox()]);
      const apart = text.y - title.y - title.height;
      assert.ok(apart >= 12, `${apart} px`);
    });
    await isFit(page);
  });
});
