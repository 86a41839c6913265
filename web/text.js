// The language of the pages: Korean unless the reader chose English.
import { useLayoutEffect, useState } from "./vendor-hooks.js";
import { STRINGS } from "./strings.js";

const KEPT = "language";
const LANGUAGES = ["ko", "en"];
let language = LANGUAGES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "ko";
const watchers = new Set();
document.documentElement.lang = language;

/** The language: `ko` or `en`. */
export const current = () => language;

/** The language with its country, for formats. */
export const locale = () => (language === "ko" ? "ko-KR" : "en-US");

let siteName;

/** The site that the pages belong to. */
export const site = () => siteName;

/** Says to which site the pages belong: a text may have other words there, under the site's name and its own. */
export function setSite(name) {
  siteName = name;
}

/** Changes the language for good. */
export function choose(chosen) {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  for (const watcher of watchers) watcher(chosen);
}

/** Draws a component again when the language changes. */
export function useLanguage() {
  const [, set] = useState(language);
  // With the page itself, before it is painted: the button is there at once.
  useLayoutEffect(() => {
    watchers.add(set);
    return () => watchers.delete(set);
  }, []);
  return language;
}

/** Whether there is a text of this name. */
export const has = (name) => Object.hasOwn(STRINGS, name);

/** The text of a name, with `{values}` in their places. */
export function t(name, values = {}) {
  const texts = STRINGS[`${siteName}.${name}`] ?? STRINGS[name];
  const text = texts?.[LANGUAGES.indexOf(language)] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** The text of a name that may be news to us: then what it was called. */
export function named(family, name) {
  return has(`${family}.${name}`) ? t(`${family}.${name}`) : name;
}
