// What a test presses and reads, in the language that the page is in.
import { STRINGS } from "../../web/strings.js";

/** The words of a language: `words("name")` as they stand, those of a `site` where it has its own; `words.start("name")` as a pattern for how a text begins. */
export function wordsOf(language, site) {
  const at = ["ko", "en"].indexOf(language);
  const words = (name, values = {}) => (STRINGS[`${site}.${name}`] ?? STRINGS[name])[at].replace(/\{(\w+)\}/g, (_, key) => values[key]);
  words.start = (name) => new RegExp(`^${words(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
  return words;
}

/** A month, as its language writes it. */
export const monthIn = (language, month) =>
  new Intl.DateTimeFormat(language === "ko" ? "ko-KR" : "en-US", { year: "numeric", month: "long" }).format(new Date(`${month}-15`));

/** Both languages on both screens. */
export const EVERYWHERE = ["ko", "en"].flatMap((language) => ["desk", "phone"].map((size) => ({ language, size })));
