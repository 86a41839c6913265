// Watching something: asked again and again, less often while it stays the same, not at all while nobody looks.
import { useCallback, useEffect, useRef, useState } from "./vendor-hooks.js";
import { get } from "./api.js";

/** What was read last, by path, with its tag. */
const held = new Map();

/** Forgets what was read, as another person may come. */
export function forget() {
  held.clear();
}

async function read(path, wait) {
  const known = held.get(path);
  const fresh = await get(path, { tag: known?.tag, wait: known ? undefined : wait });
  if (!fresh.changed) return { changed: false, data: known.data };
  held.set(path, fresh);
  return fresh;
}

/**
 * The answer to a path, as it changes.
 *
 * `quickest` and `slowest` are milliseconds between two questions; with `until`, it ends when that is true of the
 * answer. `wait` is how many seconds the first answer may wait for the thing to be there. Without a path, nothing is asked.
 */
export function useLive(path, { quickest = 2_000, slowest = 30_000, until, wait } = {}) {
  const [state, set] = useState({});
  const ask = useRef(() => {});
  const ended = useRef(until);
  ended.current = until;
  useEffect(() => {
    if (!path) return undefined;
    let [pace, timer, stopped, asking, again] = [quickest, 0, false, false, false];
    const next = () => {
      if (!stopped && !document.hidden) timer = setTimeout(tick, pace);
    };
    async function tick() {
      clearTimeout(timer);
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      let over = false;
      try {
        const { changed, data } = await read(path, wait);
        pace = changed ? quickest : Math.min(pace * 1.6, slowest);
        over = ended.current?.(data) ?? false;
        if (!stopped) set((was) => (was.path === path && was.data === data && !was.error ? was : { path, data }));
      } catch (error) {
        pace = Math.min(pace * 2, slowest);
        if (!stopped) set((was) => ({ path, data: was.path === path && was.data !== undefined ? was.data : held.get(path)?.data, error }));
      }
      asking = false;
      if (again) {
        again = false;
        tick();
      } else if (!over) {
        next();
      }
    }
    const look = () => {
      clearTimeout(timer);
      pace = quickest;
      if (!document.hidden && !stopped) tick();
    };
    ask.current = look;
    document.addEventListener("visibilitychange", look);
    tick();
    return () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [path, quickest, slowest]);
  const refresh = useCallback(() => ask.current(), []);
  const known = state.path === path ? state : { data: held.get(path)?.data };
  return { data: known.data, error: known.error, refresh };
}
