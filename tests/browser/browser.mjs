// The browser, and what every page is held to: no error, no request to elsewhere, nothing that axe objects to.
import { expect as expectAtOnce, chromium } from "@playwright/test";
import { SOON } from "./host.mjs";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
/** Rules of WCAG 2.2, levels A and AA, and axe's own good practices. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const DESK = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** What comes instead of the API's answer where something in between is in the way. */
export const AWAY = { status: 429, contentType: "text/html", body: "" };

/** What a page shows in the end: it may be on its way there, so what it shows at first counts for nothing. */
export const expect = expectAtOnce.configure({ timeout: SOON });

/** For an assertion that is one look of several. */
export const AT_ONCE = { timeout: 1_000 };

/** Holds what takes more than one look at a page to be true in the end. */
export const holds = (check) => expect(check).toPass({ timeout: SOON, intervals: [50, 100, 250, 500] });

/** A promise, and what fulfils it: for an answer that is to come when the test says so. */
export function gate() {
  let open;
  const opened = new Promise((done) => { open = done; });
  return [opened, open];
}

/** Starts the browser. */
export function launch() {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  if (!executablePath) throw new Error("there is no Chromium; CHROMIUM names its program");
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * Opens a page in a fresh session, runs a story on it, and holds it to what every page is held to.
 *
 * `expected` are statuses of answers that the story provokes: the browser tells the console of each.
 */
export async function visit(browser, host, { screen = DESK, language = "ko", dark = false, expected = [] }, story) {
  const context = await browser.newContext({
    baseURL: host.url, locale: "ko-KR", colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", ...screen,
  });
  context.setDefaultTimeout(SOON);
  const page = await context.newPage();
  const troubles = [];
  const provoked = (text) => expected.some((status) => text.includes(`status of ${status} `));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !provoked(message.text())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== host.url && !["data:", "blob:"].includes(protocol)) troubles.push(`a request to ${request.url()}`);
  });
  await page.addInitScript((chosen) => localStorage.setItem("language", chosen), language);
  try {
    await story(page);
    assert.deepEqual(troubles, []);
  } catch (error) {
    const name = `/tmp/browser-failure-${process.pid}-${Date.now()}.png`;
    await page.screenshot({ path: name, fullPage: true }).catch(() => {});
    throw new Error(`on ${page.url()}; picture: ${name}; troubles: ${JSON.stringify(troubles)}`, { cause: error });
  } finally {
    // A page that asks as it is closed gets no answer from who stands in for the API.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  }
}

/** Holds the page as it is to the rules for everybody, and to the width of its screen. */
export const isFit = (page) => holds(async () => {
  // On the way from one page to the next there is no heading yet.
  await page.locator("h1").first().waitFor();
  // Injected as the browser's own code: the policy of the pages would not let a script tag in.
  const found = await page.evaluate(`${AXE}; axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })`);
  const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(violations, [], page.url());
  const slivers = await page.evaluate(() => [...document.querySelectorAll(".scroll :is(th, td)")].filter((cell) => {
    const { paddingTop, paddingBottom, lineHeight } = getComputedStyle(cell);
    const lines = (cell.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / parseFloat(lineHeight);
    return cell.checkVisibility() && lines > 2.5 && cell.innerText.length / lines < 4;
  }).map((cell) => cell.innerText));
  assert.deepEqual(slivers, [], `${page.url()} has words of one letter a line`);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  // Not the page's own word for it: on a phone, what is too wide makes that wider.
  const screen = page.viewportSize().width;
  assert.ok(width <= screen, `${page.url()} is ${width} px wide on a screen of ${screen} px`);
});

/** Signs in through the issuer's page, by the name that stands there. */
export async function signIn(page, path, name) {
  await page.goto(path);
  await page.locator(".welcome button.primary").click();
  await page.getByRole("button", { name }).click();
  // Back with the issuer's answer taken up: where somebody goes before that is forgotten.
  await page.waitForURL((url) => url.pathname === path.split("#")[0] && url.search === "");
  await page.locator("h1").waitFor();
}
