// Sums, times and numbers as the language writes them. All times are Seoul's.
import { ahead } from "./session.js";
import { locale, t } from "./text.js";

const made = new Map();

/** A formatter, made once for each language. A date's and a number's may have the same name. */
function formatter(kind, name, options) {
  const key = `${locale()} ${kind} ${name}`;
  if (!made.has(key)) made.set(key, new Intl[kind](locale(), options));
  return made.get(key);
}

const time = (name, options) => formatter("DateTimeFormat", name, { timeZone: "Asia/Seoul", ...options });

/** Whole won: `58,300원` or `₩58,300`. */
export function won(amount) {
  if (locale() === "ko-KR") return `${formatter("NumberFormat", "number", {}).format(amount)}원`;
  return formatter("NumberFormat", "won", { style: "currency", currency: "KRW" }).format(amount);
}

/** What one of something costs, which may be a part of a won: `20.48원` or `₩20.48`. */
export function price(amount) {
  if (locale() === "ko-KR") return `${number(amount)}원`;
  return formatter("NumberFormat", "price", { style: "currency", currency: "KRW", maximumFractionDigits: 4 }).format(amount);
}

/** A sum in little room, three digits of it: `14.4만원`, `₩144K`; below ten thousand as it is: `1,650원`. */
export function brief(amount) {
  if (amount < 10_000) return won(amount);
  const short = { notation: "compact", maximumSignificantDigits: 3 };
  if (locale() === "ko-KR") return `${formatter("NumberFormat", "brief", short).format(amount)}원`;
  return formatter("NumberFormat", "brief", { style: "currency", currency: "KRW", ...short }).format(amount);
}

/** A number, with up to four decimals. */
export function number(value) {
  return formatter("NumberFormat", "precise", { maximumFractionDigits: 4 }).format(value);
}

/** A day: `2026년 11월 3일`. */
export function day(at) {
  const date = at.length === 10 ? new Date(`${at}T00:00:00+09:00`) : new Date(at);
  return time("day", { dateStyle: "long" }).format(date);
}

/** The day's number in its month, from a date. */
export function dayOfMonth(date) {
  return String(Number(date.slice(8)));
}

/** A day and time to the minute. */
export function moment(at) {
  return time("moment", { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

/** A time of day to the second. */
export function clock(at) {
  return time("clock", { timeStyle: "medium" }).format(new Date(at));
}

/** A usage month: `2026년 10월`. */
export function month(text) {
  return time("month", { year: "numeric", month: "long" }).format(new Date(`${text}-01T00:00:00+09:00`));
}

/** The short name of a usage month: `10월`. */
export function shortMonth(text) {
  return time("short month", { month: "short" }).format(new Date(`${text}-01T00:00:00+09:00`));
}

/** A Korean mobile number with its dashes. */
export function phone(digits) {
  return digits.replace(/^(\d{3})(\d{4})(\d{4})$/, "$1-$2-$3");
}

/** The digits of a number as people write it down, or copy it from their contacts: `+82 10-1234-5678`. */
export const digitsOf = (text) => text.trim().replace(/^\+82[\s-]*0?/, "0").replaceAll(/[\s-]/g, "");

/** When a line began to work, once it has. */
export const activeSince = (line) => line.history.find(({ status }) => status === "active")?.at;

/** What a line is called: by its number, once it has one. */
export function lineName(line) {
  if (line.number) return phone(line.number);
  return t(line.status === "requested" ? "line.no_number" : "line.none");
}

/** How long something took, from milliseconds. */
export function duration(ms) {
  const unit = (name, value) =>
    formatter("NumberFormat", name, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 1 })
      .format(value);
  if (ms < 1000) return unit("millisecond", Math.round(ms));
  if (ms < 60_000) return unit("second", ms / 1000);
  if (ms < 3_600_000) return unit("minute", ms / 60_000);
  if (ms < 86_400_000) return unit("hour", ms / 3_600_000);
  return unit("day", ms / 86_400_000);
}

/**
 * Now, as the service has it: the browser's clock may be wrong, and the service's may be set, on a developer's machine.
 * `Date` headers come from the machine, and `asOf` of a customer's page is the time of its newest event.
 */
export const now = () => new Date(Date.now() + ahead());

/** A moment's date in Seoul: `2026-11-03`. */
const dateOf = (at) => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul" }).format(at);

/** Today's date in Seoul. */
export const today = () => dateOf(now());

/** The month of a moment in Seoul, and as many before it that they are `count`, newest first. */
export function months(count, of = now()) {
  const [year, at] = dateOf(of).split("-").map(Number);
  return Array.from({ length: count }, (_, back) => {
    const index = year * 12 + (at - 1) - back;
    return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
  });
}

/** The twelve months that end with one, oldest first. */
export function yearTo(month) {
  return months(12, new Date(`${month}-15T00:00:00+09:00`)).toReversed();
}
