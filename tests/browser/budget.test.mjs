// How much the first view takes, how still it stands, and how often a page that is watched asks.
import { test } from "node:test";
import assert from "node:assert/strict";
import { PHONE, signIn } from "./browser.mjs";
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
  await visit({}, async (page) => {
    await page.clock.install({ time: "2026-10-05T10:00:00+09:00" });
    const asked = [];
    const isView = (about) => about.url().endsWith("/api/mypage");
    page.on("request", (request) => isView(request) && asked.push(request.url()));
    const next = () => page.waitForResponse(isView);
    const show = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);

    await page.goto("/api/web/mypage");
    await page.locator(".welcome button.primary").click();
    await page.locator("#other").fill("watched");
    const [first] = await Promise.all([next(), page.locator('button[value="customer:"]').click()]);
    assert.equal(first.status(), 200);
    await page.locator(".hero").waitFor();
    for (let times = 0; times < 3; times += 1) {
      const [again] = await Promise.all([next(), page.clock.fastForward(40_000)]);
      assert.equal(again.status(), 304);
    }
    // By now it waits longer than at first.
    const before = asked.length;
    await page.clock.fastForward(2_500);
    assert.equal(asked.length, before);
    await show(true);
    await page.clock.fastForward(600_000);
    assert.equal(asked.length, before);
    const [back] = await Promise.all([next(), show(false)]);
    assert.equal(back.status(), 304);
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
