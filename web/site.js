// What both sites do: sign people in, show them what is theirs, and begin again when they are signed out.
import { Failed, Shell, Title, Welcome, html, render, useEffect, useState } from "./ui.js";
import { finishSignIn, signedIn, who } from "./session.js";
import { forget } from "./live.js";
import { whenSignedOut } from "./api.js";
import { t } from "./text.js";

/**
 * A site: its name; the items of its menu; the role that it is for; the site for everybody else; its pages; and what it
 * says to those who are not signed in (title, text) and to those whom it is not for (refused).
 */
function Site({ name, items, role, other, Pages, title, text, refused, error }) {
  const [inside, setInside] = useState(signedIn());
  useEffect(() => {
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
    ${!person && html`<${Welcome} title=${title} text=${text} error=${error} />`}
    ${person && person[role] && html`<${Pages} />`}
    ${person && !person[role] && html`<section><${Title}>${t(refused)}<//>
      <${Failed} error=${{ code: "forbidden" }} /><p><a href=${`/api/web/${other}`}>${t(other)}</a></p></section>`}
  <//>`;
}

/** Shows a site, when whoever comes back from signing in is signed in; `begin` is what it has to do first. */
export async function open(site, begin = () => {}) {
  Title.site = site.name;
  const root = document.getElementById("app");
  let error;
  try {
    await finishSignIn();
    begin();
  } catch (trouble) {
    error = trouble;
  }
  root.replaceChildren();
  render(html`<${Site} ...${site} error=${error} />`, root);
}
