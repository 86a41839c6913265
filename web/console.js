// The operator's console.
import { Failed, Shell, Title, Welcome, html, render, useEffect, useState } from "./ui.js";
import { finishSignIn, signedIn, who } from "./session.js";
import { forget } from "./live.js";
import { useRoute } from "./route.js";
import { whenSignedOut } from "./api.js";
import { t } from "./text.js";
import { Today } from "./console-today.js";
import { Search } from "./console-search.js";
import { Runs } from "./console-runs.js";
import { Case, Cases } from "./console-cases.js";
import { Parked } from "./console-parked.js";
import { Usage } from "./console-usage.js";

Title.site = "console";

const ITEMS = [
  ["", "nav.today"],
  ["search", "nav.search"],
  ["runs", "nav.runs"],
  ["sagas", "nav.sagas"],
  ["parked", "nav.parked"],
  ["usage", "nav.usage"],
];

function View({ route: [name, id] }) {
  switch (name) {
    case undefined: return html`<${Today} />`;
    case "search": return html`<${Search} />`;
    case "runs": return html`<${Runs} />`;
    case "sagas": return id?.includes("-") ? html`<${Case} key=${id} id=${id} />` : html`<${Cases} status=${id} />`;
    case "parked": return html`<${Parked} status=${id ?? "waiting"} />`;
    case "usage": return html`<${Usage} />`;
    default: return html`<section><${Title}>${t("not_here")}<//><p><a href="#/">${t("nav.today")}</a></p></section>`;
  }
}

function Pages() {
  const route = useRoute();
  return html`<div key=${route.join("/")} class="view"><${View} route=${route} /></div>`;
}

function Console({ error }) {
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
  return html`<${Shell} brand="console" items=${ITEMS}>
    ${!person && html`<${Welcome} title="welcome.console.title" text="welcome.console.text" error=${error} />`}
    ${person && person.operator && html`<${Pages} />`}
    ${person && !person.operator && html`<section><${Title}>${t("operators_only")}<//>
      <${Failed} error=${{ code: "forbidden" }} /><p><a href="/api/web/mypage">${t("mypage")}</a></p></section>`}
  <//>`;
}

const root = document.getElementById("app");
let error;
try {
  await finishSignIn();
} catch (trouble) {
  error = trouble;
}
root.replaceChildren();
render(html`<${Console} error=${error} />`, root);
