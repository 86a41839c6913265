// The stage itself: what happens to a story when the browser that it is played in dies.
import { test } from "node:test";
import assert from "node:assert/strict";
import { stage, visit } from "./stage.mjs";

stage();

/** Ends the browser from outside, which leaves no dump of it on the machine. */
async function kill(page) {
  const session = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  process.kill(processInfo.find(({ type }) => type === "browser").id, "SIGKILL");
}

test("a story whose browser dies is played once more, and those after it in the new one", async () => {
  let played = 0;
  await visit({}, async (page) => {
    played += 1;
    await page.goto("/api/web/mypage");
    if (played === 1) await kill(page);
    await page.locator(".welcome button.primary").waitFor();
  });
  assert.equal(played, 2);
  await visit({}, (page) => page.goto("/api/web/mypage"));
});

test("a story that fails by itself is not played again", async () => {
  let played = 0;
  await assert.rejects(visit({}, async () => {
    played += 1;
    throw new Error("no");
  }));
  assert.equal(played, 1);
});

test("a story that ends the browser each time fails", async () => {
  let played = 0;
  await assert.rejects(visit({}, async (page) => {
    played += 1;
    await kill(page);
    await page.goto("/api/web/mypage");
  }));
  assert.equal(played, 2);
});
