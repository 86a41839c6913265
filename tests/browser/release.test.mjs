// What a page does while a new build takes over, and its files are asked of an instance that does not have them.
import { test } from "node:test";
import assert from "node:assert/strict";
import { DESK, PHONE, expect, holds, isFit } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";

/** Milliseconds before a page is loaded again, each time. */
const DELAYS = [1_000, 2_000, 4_000];
const MINUTE = 60_000;
const NOW = new Date("2026-10-05T10:00:00+09:00");
const MYPAGE = "/api/web/mypage";

stage();

/** A page whose files that `gone` names are not there, as often as it is loaded until `back` is called. */
async function opened(page, path, gone = () => true) {
  let there = false;
  let loads = 0;
  await page.route("**/api/web/assets/**", (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    return there || name === "boot.js" || !gone(name) ? route.continue() : route.fulfill({
      status: 404, contentType: "application/problem+json", headers: { "cache-control": "no-store" }, body: "{}",
    });
  });
  page.on("request", (request) => {
    loads += Number(request.isNavigationRequest());
  });
  // The clock stands still, so nothing happens but what the test lets happen.
  await page.clock.install({ time: NOW });
  await page.clock.pauseAt(new Date(NOW.getTime() + MINUTE));
  await page.goto(path);
  return {
    loads: () => loads,
    back: () => {
      there = true;
    },
    away: () => {
      there = false;
    },
  };
}

/** How often the page has noted that it will be loaded again. */
const noted = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem("reloads"))?.count ?? 0);

/** Waits until the page has failed for that time, and holds it to when it loads again, not earlier. */
async function loadsAgain(page, site, times) {
  // A page that is on its way out cannot be asked.
  await holds(async () => assert.equal(await noted(page), times, "failures"));
  // It may fail before everything else of it has come, and then is about to be loaded for this time still.
  await page.waitForLoadState();
  const before = site.loads();
  await page.clock.runFor(DELAYS[times - 1] - 1);
  assert.equal(site.loads(), before);
  await Promise.all([page.waitForEvent("load"), page.clock.runFor(1)]);
  assert.equal(site.loads(), before + 1);
}

/** Holds the page to the rules for everybody, which takes time of its own. */
async function isFitInTime(page) {
  await page.clock.resume();
  await isFit(page);
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10_000));
}

const welcome = (page) => page.locator(".welcome button.primary").waitFor();
const message = (page) => page.getByRole("alert");

for (const [what, gone] of [
  ["anything", () => true],
  ["the stylesheet", (name) => name === "app.css"],
  ["a module that others import", (name) => name === "strings.js"],
]) {
  for (const path of [MYPAGE, "/api/web/console"]) {
    test(`${path} comes up by itself when ${what} was not there at first`, async () => {
      await visit({ expected: [404] }, async (page) => {
        const site = await opened(page, path, gone);
        await loadsAgain(page, site, 1);
        site.back();
        await loadsAgain(page, site, 2);
        await welcome(page);
        await page.clock.runFor(MINUTE);
        assert.equal(site.loads(), 3);
        await expect(message(page)).toHaveCount(0);
      });
    });
  }
}

for (const [screen, dark] of [[PHONE, true], [DESK, false]]) {
  test(`a page that does not come up says so, once, at ${screen.viewport.width} px`, async () => {
    await visit({ screen, dark, expected: [404] }, async (page) => {
      const site = await opened(page, MYPAGE, (name) => name === "mypage.js");
      for (const times of [1, 2, 3]) {
        await expect(message(page)).toHaveCount(0);
        await loadsAgain(page, site, times);
      }
      await expect(message(page)).toContainText("화면을 불러오지 못했습니다");
      await expect(message(page)).toContainText("This page could not be loaded");
      await isFitInTime(page);
      await page.clock.runFor(10 * MINUTE);
      assert.equal(site.loads(), 4);

      // Who asks for it gets as many tries again.
      const again = page.getByRole("button", { name: "다시 시도 / Try again" });
      await again.click();
      await loadsAgain(page, site, 1);
      site.back();
      await loadsAgain(page, site, 2);
      await welcome(page);
    });
  });
}

test("a page that nothing came with says so too", async () => {
  await visit({ expected: [404] }, async (page) => {
    const site = await opened(page, MYPAGE);
    for (const times of [1, 2, 3]) await loadsAgain(page, site, times);
    await message(page).waitFor();
    await expect(page.locator(".skeleton")).toHaveCount(0);
    await isFitInTime(page);
  });
});

test("what failed a minute ago does not count", async () => {
  await visit({ expected: [404] }, async (page) => {
    const site = await opened(page, MYPAGE);
    await loadsAgain(page, site, 1);
    site.back();
    await loadsAgain(page, site, 2);
    await welcome(page);

    // The next release, soon after: it is the third time.
    site.away();
    await page.clock.runFor(MINUTE - DELAYS[1] - 1);
    await page.reload();
    await loadsAgain(page, site, 3);
    await message(page).waitFor();

    // And one a minute after that.
    await page.clock.runFor(MINUTE);
    await page.reload();
    await loadsAgain(page, site, 1);
  });
});

test("a page that cannot count does not load itself again", async () => {
  await visit({ expected: [404] }, async (page) => {
    await page.addInitScript(() => Object.defineProperty(window, "sessionStorage", {
      get() {
        throw new DOMException("no storage here", "SecurityError");
      },
    }));
    const site = await opened(page, MYPAGE);
    await message(page).waitFor();
    await page.clock.runFor(MINUTE);
    assert.equal(site.loads(), 1);
  });
});

test("a page stays when something that is no part of it is not there", async () => {
  await visit({ expected: [404] }, async (page) => {
    const site = await opened(page, MYPAGE, () => false);
    await welcome(page);
    await page.evaluate(() => new Promise((done) => {
      const script = Object.assign(document.createElement("script"), { src: "/api/web/nothing.js", onerror: done });
      document.head.append(script);
    }));
    await page.clock.runFor(MINUTE);
    assert.deepEqual([site.loads(), await noted(page)], [1, 0]);
  });
});
