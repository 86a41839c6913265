// What both sites do: sign people in, show them what is theirs, and begin again when they are signed out.
import { Failed, Shell, Title, Welcome, html, render, useLayoutEffect, useState } from "./ui.js";
import { expired, finishSignIn, signedIn, who } from "./session.js";
import { forget } from "./live.js";
import { whenSignedOut } from "./api.js";
import { setSite, t, useLanguage } from "./text.js";

/**
 * A site: its name; the items of its menu; the role that it is for; the site for everybody else; its pages; and what it
 * says to those who are not signed in (title, text) and to those whom it is not for (refused).
 */
function Site({ name, items, role, other, Pages, title, text, refused, error }) {
  useLanguage();
  const [inside, setInside] = useState(signedIn());
  // With the page itself: what it asks for first may already be refused.
  useLayoutEffect(() => {
    const out = () => {
      forget();
      setInside(false);
    };
    whenSignedOut(out);
    addEventListener("signed-out", out);
    return () => removeEventListener("signed-out", out);
  }, []);
  const person = inside && who();
  return html`<${Shell} brand=${name} items=${items}>
    ${!person && html`<${Welcome} title=${title} text=${text} error=${error} expired=${expired()} />`}
    ${person && person[role] && html`<${Pages} />`}
    ${person && !person[role] && html`<section class="view"><${Title}>${t(refused)}<//>
      <${Failed} error=${{ code: "forbidden" }} /><p><a href=${`/api/web/${other}`}>${t(other)}</a></p></section>`}
  <//>`;
}

/**
 * Keeps the focus on the page: where what had it is gone, the heading of the window in front takes it, or else the
 * page's. Whoever uses the keyboard or a screen reader would be back at the top otherwise.
 */
function keepFocus(root) {
  let last;
  root.addEventListener("focusin", ({ target }) => {
    last = target;
  });
  const mend = () => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    (document.querySelector("dialog[open] h2") ?? document.querySelector("h1"))?.focus({ preventScroll: true });
  };
  new MutationObserver(mend).observe(root, { childList: true, subtree: true });
  // While a window is open, nothing behind it takes the focus.
  root.addEventListener("close", mend, true);
}

/** Shows a site, when whoever comes back from signing in is signed in; `begin` is what it has to do first. */
export async function open(site, begin = () => {}) {
  // Who comes back from elsewhere may get the page as it was left, its button busy with leaving.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  setSite(site.name);
  const root = document.getElementById("app");
  let error;
  try {
    await finishSignIn();
    begin();
  } catch (trouble) {
    error = trouble;
  }
  root.replaceChildren();
  keepFocus(root);
  render(html`<${Site} ...${site} error=${error} />`, root);
}
