// How much the first view takes, how still it stands, and how often a page that is watched asks.
import { test } from "node:test";
import assert from "node:assert/strict";
import { PHONE, holds, signIn } from "./browser.mjs";
import { host, stage, visit } from "./stage.mjs";

/** Bytes that the first view may take, headers included. */
const BYTES_MAX = 100_000;

stage({ now: "2026-10-05T10:00:00+09:00" });

async function transferred(page, load) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
  });
  await load();
  await page.waitForLoadState("networkidle");
  return bytes;
}

/** How far things have moved since the page began to load: the browser's own measure. */
const shift = (page) => page.evaluate(() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => done(sum), 0));
}));

for (const [path, name] of [["/api/web/mypage", "김민지"], ["/api/web/console", "청구 운영자"]]) {
  test(`${path} is small, stands still, and is not fetched twice`, async () => {
    await visit({ screen: PHONE }, async (page) => {
      const first = await transferred(page, () => page.goto(path));
      console.log(`${path}: ${first} bytes for the first view`);
      assert.ok(first > 10_000 && first < BYTES_MAX, `${first} bytes`);
      assert.equal(await shift(page), 0);
      await signIn(page, path, name);
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      assert.equal(await shift(page), 0);
      const again = await transferred(page, () => page.goto(path));
      assert.ok(again < 6_000, `${again} bytes when everything is held`);
    });
  });
}

test("a page that is watched asks less and less, is sent nothing new, and is still while it is hidden", async () => {
  await host.openLine("watched", { plan: "lte-light" });
  await host.myPage("watched", "the line", (view) => view.lines[0]?.status === "active");
  await visit({}, async (page) => {
    // When it asks, by its own clock, and counted where it asks: nothing is under way from there.
    await page.addInitScript(() => {
      const { fetch } = window;
      window.asked = [];
      window.fetch = (path, ...rest) => {
        if (path === "/api/mypage") window.asked.push(Date.now());
        return fetch(path, ...rest);
      };
    });
    const asked = () => page.evaluate(() => window.asked);
    const answers = [];
    const isView = (answer) => answer.url().endsWith("/api/mypage");
    page.on("response", (answer) => isView(answer) && answers.push(answer.status()));
    await page.clock.install({ time: "2026-10-05T10:00:00+09:00" });
    await page.goto("/api/web/mypage");
    await page.locator(".welcome button.primary").click();
    await page.locator("#other").fill("watched");
    await page.locator('button[value="customer:"]').click();
    await page.locator(".hero").waitFor();
    await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10_000));
    // In steps: while it waits for an answer, its clock goes on.
    await holds(async () => {
      await page.clock.runFor(5_000);
      assert.ok((await asked()).length > 4);
    });
    const times = (await asked()).slice(0, 5);
    const pauses = times.slice(1).map((time, index) => time - times[index]);
    const least = [2_000, 3_200, 5_100, 8_100];
    assert.ok(pauses.every((pause, index) => pause >= least[index]), String(pauses));

    const hidden = (value) => page.evaluate((is) => {
      Object.defineProperty(document, "hidden", { value: is, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
      return window.asked.length;
    }, value);
    const before = await hidden(true);
    await page.clock.runFor(600_000);
    assert.equal((await asked()).length, before);
    await Promise.all([page.waitForResponse(isView), hidden(false)]);
    assert.equal((await asked()).length, before + 1);
    assert.deepEqual([...new Set(answers)], [200, 304], String(answers));
    assert.equal(answers.filter((status) => status === 200).length, 1);
  });
});

test("pages forbid what they do not need", async () => {
  const response = await fetch(`${host.url}/api/web/mypage`);
  const policy = response.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(response.headers.get("cache-control"), "no-cache");
  const again = await fetch(`${host.url}/api/web/mypage`, { headers: { "if-none-match": response.headers.get("etag") } });
  assert.equal(again.status, 304);
  const asset = /assets\/[^"]+\.css/.exec(await response.text())[0];
  const file = await fetch(`${host.url}/api/web/${asset}`);
  assert.equal(file.headers.get("cache-control"), "public, max-age=31536000, immutable");
});
