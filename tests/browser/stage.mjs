// What a file's tests play on: a host and a browser, there before the first and gone after the last.
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { start } from "./host.mjs";

export let host;
export let browser;

/** Sets the stage: the functions `off` are switched off, and it is `now`, where that matters. */
export function stage({ off, now } = {}) {
  before(async () => {
    [host, browser] = await Promise.all([start({ off }), launch()]);
    if (now) await host.setClock(now);
  });
  after(async () => {
    await browser?.close();
    await host?.stop();
  });
}
