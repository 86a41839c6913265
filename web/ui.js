// The parts that all pages are made of.
import { createElement, render } from "./vendor-preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "./vendor-hooks.js";
import htm from "./vendor-htm.js";
import { choose, current, has, site, t } from "./text.js";
import { day, lineName, moment, won } from "./format.js";
import { signIn, signOut, who } from "./session.js";
import { forget } from "./live.js";
import { go, useRoute } from "./route.js";

export const html = htm.bind(createElement);
// What moves the focus or the page is a layout effect, before the page is shown: nothing moves under who is quick.
export { render, useEffect, useLayoutEffect, useRef, useState };

/** Milliseconds after which something is said: a window that is about to close is closed by then. */
const BREATH = 100;

/** Milliseconds after which what was said is gone: who reads on through the page does not come upon it as news. */
const HEARD = 30_000;
let silence;

/** Says something to who cannot see it. What is behind an open window is not heard, so each window has its own voice. */
export function announce(text) {
  const say = (voices, what) => document.querySelectorAll(voices).forEach((voice) => {
    voice.textContent = what;
  });
  setTimeout(() => {
    say("#live, dialog[open] .voice", text);
    clearTimeout(silence);
    silence = setTimeout(() => say(".voice", ""), HEARD);
  }, BREATH);
}

/** A sum of money. */
export const Won = ({ amount }) => html`<span class="won">${won(amount)}</span>`;

/** A day or time in words for people, exact for programs. */
export const At = ({ at, as = day }) => html`<time class=${as === day ? "nowrap" : ""} dateTime=${at}>${as(at)}</time>`;

/** A line's number, or that of a bill's line. */
export const Tel = ({ line }) => html`<span class="nowrap">${lineName(line)}</span>`;

/** What happened to something, newest first. */
export const History = ({ entries, family }) => html`
  <ol class="history">
    ${entries.toReversed().map((entry) => html`<li key=${entry.at + entry.status}>
      <span>${t(`${family}.${entry.status}`)}</span><${At} at=${entry.at} as=${moment} /></li>`)}
  </ol>`;

/** Colours of states: good, waiting, bad, or none of these. */
const TONES = {
  active: "good", settled: "good", completed: "good", captured: "wait", replayed: "good",
  requested: "wait", issued: "wait", partially_paid: "wait", pending: "wait", running: "wait", waiting: "wait", replaying: "wait",
  cancelling: "wait", terminating: "wait", compensating: "wait", unknown: "wait", started: "wait",
  stuck: "bad", declined: "bad", rejected: "bad", on_hold: "bad", suspended: "bad",
};

/** Where something stands. */
export const Status = ({ family, status }) =>
  html`<span class="chip ${TONES[status] ?? ""}">${t(`${family}.${status}`)}</span>`;

/** What is there before the answer is. */
export const Loading = ({ lines = 3 }) => html`
  <div class="loading" role="status">
    <span class="hidden">${t("loading")}</span>
    ${Array.from({ length: lines }, () => html`<p class="skeleton" aria-hidden="true"></p>`)}
  </div>`;

/** What is there when there is nothing. */
export const Empty = ({ children, action }) => html`<div class="empty"><p>${children}</p>${action}</div>`;

/** Hands a file to the browser, to be kept. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Why a card was declined, in words for who pays: codes that are news to us are a gateway's, and nobody else's. */
export const whyDeclined = (reason) => t(has(`decline.${reason}`) ? `decline.${reason}` : "code.payment_declined");

/** What went wrong, in the reader's words. */
export function problem(error) {
  const { code, problem: details = {} } = error;
  const text = has(`code.${code}`) ? t(`code.${code}`) : t("code.internal");
  if (code === "payment_declined") return whyDeclined(details.reason);
  return details.invocationId ? `${text} ${t("problem.reference", { id: details.invocationId })}` : text;
}

/** A failure, and a way out of it. */
export const Failed = ({ error, retry }) => html`
  <div class="failed" role="alert">
    <p>${problem(error)}</p>
    ${retry && html`<button type="button" onClick=${retry}>${t("retry")}</button>`}
  </div>`;

/** A page that is not there, and a way back. */
export const NotHere = () => html`<${Title}>${t("not_here")}<//><p><a href="#/">${t(site())}</a></p>`;

/** Codes of what trying again does not bring. */
const NOT_HERE = new Set(["not_found", "invalid_parameter"]);

/** Says that what is shown may be old. */
export const Stale = ({ from }) => from.error && html`<p class="stale" role="status">${t("stale")}</p>`;

/**
 * What was read: loading, failed, or there. A failure does not take away what there is. With `whole`, it is all of a
 * page, its heading included.
 */
export function Read({ from, lines, whole, children }) {
  if (from.data === undefined) {
    if (!from.error) return html`<${Loading} lines=${lines} />`;
    if (whole && NOT_HERE.has(from.error.code)) return html`<${NotHere} />`;
    return html`${whole && html`<${Title}>${t("not_loaded")}<//>`}<${Failed} error=${from.error} retry=${from.refresh} />`;
  }
  return html`<${Stale} from=${from} />${children(from.data)}`;
}

/** A button that is busy while its work is under way. */
export const Button = ({ busy, kind = "", children, ...more }) => html`
  <button type="button" class=${kind} aria-disabled=${busy ? "true" : undefined} aria-busy=${busy ? "true" : undefined}
    ...${more} onClick=${busy ? undefined : more.onClick}>${children}</button>`;

/** A heading that takes the focus when the page changes, so that a screen reader begins there. */
export function Title({ children, text }) {
  const heading = useRef(null);
  useLayoutEffect(() => {
    if (Title.moved) heading.current.focus({ preventScroll: true });
    if (Title.moved) scrollTo(0, 0);
    Title.moved = true;
  }, []);
  useLayoutEffect(() => {
    document.title = `${text ?? children} · ${t(site())}`;
  });
  return html`<h1 tabIndex="-1" ref=${heading}>${children}</h1>`;
}

/** A window in front of the page. `open` shows it; it begins at its heading, closes with Escape, and gives the focus back. */
export function Dialog({ open, close, title, children, wide }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    if (open && !box.current.open) box.current.showModal();
    if (!open && box.current.open) box.current.close();
  }, [open]);
  return html`
    <dialog ref=${box} class=${wide ? "wide" : ""} aria-labelledby="dialog-title" onClose=${close}>
      ${open && html`
        <header><h2 id="dialog-title" tabIndex="-1" autofocus>${title}</h2>
          <button type="button" class="icon" aria-label=${t("close")} onClick=${close}>✕</button></header>
        ${children}`}
      <p class="hidden voice" role="status"></p>
    </dialog>`;
}

/** Links that choose between lists: `[href, name, value]` each. */
export const Choice = ({ label, chosen, choices }) => html`
  <nav class="choice" aria-label=${label}><ul>${choices.map(([href, name, value]) => html`
    <li key=${href}><a href=${href} aria-current=${value === chosen ? "page" : undefined}>${name}</a></li>`)}</ul></nav>`;

const Languages = () => html`
  <div class="languages" role="group" aria-label=${t("language")}>
    <button type="button" lang="ko" aria-pressed=${String(current() === "ko")} onClick=${() => choose("ko")}>한국어</button>
    <button type="button" lang="en" aria-pressed=${String(current() === "en")} onClick=${() => choose("en")}>
      <span class="short" aria-hidden="true">EN</span><span class="full">English</span></button>
  </div>`;

/** Ends the session and shows the first page. */
export function leave() {
  signOut();
  forget();
  go("#/", { replace: true });
  dispatchEvent(new Event("signed-out"));
}

/** Header, navigation, and the page in between. */
export function Shell({ brand, items, children }) {
  const person = who();
  const [here = ""] = useRoute();
  const menu = useRef(null);
  useLayoutEffect(() => {
    // On a narrow screen the menu is wider than the screen, and what is chosen may be outside.
    menu.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [here]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      document.getElementById("main").focus();
    }}>${t("skip")}</a>
    <header class="top">
      <a class="brand" href="#/"><span class="mark" aria-hidden="true"></span>${t(brand)}</a>
      ${person && html`<nav aria-label=${t("navigation")} ref=${menu}><ul>
        ${items.map(([path, name, also = []]) => html`
          <li><a href="#/${path}" aria-current=${here === path || also.includes(here) ? "page" : undefined}>${t(name)}</a></li>`)}
      </ul></nav>`}
      <div class="tools">
        <${Languages} />
        ${person && html`<button type="button" class="plain" onClick=${leave}>${t("sign_out")}</button>`}
      </div>
    </header>
    <main id="main" class="page" tabIndex="-1">${children}</main>
    <p id="live" class="hidden voice" role="status"></p>`;
}

/** The way in; `error` is why it did not lead there, and `expired` is whether somebody has been inside for too long. */
export function Welcome({ title, text, error, expired, children }) {
  const [failed, setFailed] = useState(error);
  const [busy, setBusy] = useState(false);
  const enter = async () => {
    setBusy(true);
    setFailed(null);
    try {
      await signIn();
    } catch (trouble) {
      setFailed(trouble);
      setBusy(false);
    }
  };
  return html`
    <section class="welcome">
      <${Title}>${t(title)}<//>
      <p class="lead">${t(text)}</p>
      ${(failed || expired) && html`<div class="failed" role="alert"><p>${t(failed ? "sign_in.failed" : "sign_in.expired")}</p></div>`}
      <${Button} kind="primary large" busy=${busy} onClick=${enter}>${t("sign_in")}<//>
      ${children}
    </section>`;
}
