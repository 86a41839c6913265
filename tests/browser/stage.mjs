// What a file's tests play on: a host and a browser, there before the first and gone after the last.
import { after, before } from "node:test";
import * as pages from "./browser.mjs";
import { start } from "./host.mjs";

export let host;
let browser;

/** Sets the stage: the functions `off` are switched off, and it is `now`, where that matters. */
export function stage({ off, now } = {}) {
  before(async () => {
    [host, browser] = await Promise.all([start({ off }), pages.launch()]);
    if (now) await host.setClock(now);
  });
  after(async () => {
    await browser?.close();
    await host?.stop();
  });
}

/**
 * Plays a story on a page of its own: see `visit` of browser.mjs.
 *
 * A browser that dies is not the page's doing, and would take every test after this one with it: there is another
 * one then, once, and the story is played from its beginning. What a page does to it each time fails all the same.
 */
export async function visit(settings, story) {
  const mine = browser;
  try {
    await pages.visit(mine, host, settings, story);
  } catch (error) {
    if (mine.isConnected()) throw error;
    console.error("the browser died:", error);
    browser = await pages.launch();
    await pages.visit(browser, host, settings, story);
  }
}
