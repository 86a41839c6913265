// MyPage: what a customer sees and does.
import { Failed, Shell, Title, Welcome, html, render, useEffect, useState } from "./ui.js";
import { finishSignIn, signedIn, who } from "./session.js";
import { forget, useLive } from "./live.js";
import { useRoute } from "./route.js";
import { whenSignedOut } from "./api.js";
import { t } from "./text.js";
import { Overview } from "./mypage-overview.js";
import { Line, Lines } from "./mypage-lines.js";
import { Opening, OpenLine } from "./mypage-open.js";
import { Bill, Bills, takeUpPayment } from "./mypage-bill.js";
import { Pay, Payment, Payments } from "./mypage-payments.js";

Title.site = "mypage";

const ITEMS = [
  ["", "nav.home"],
  ["lines", "nav.lines", ["open"]],
  ["bills", "nav.bills", ["pay"]],
  ["payments", "nav.payments"],
];

function View({ route, page }) {
  const [name, id] = route;
  switch (name) {
    case undefined: return html`<${Overview} page=${page} />`;
    case "lines": return id ? html`<${Line} key=${id} id=${id} page=${page} />` : html`<${Lines} page=${page} />`;
    case "open": return id ? html`<${Opening} key=${id} order=${id} page=${page} />` : html`<${OpenLine} />`;
    case "bills": return id ? html`<${Bill} key=${id} id=${id} />` : html`<${Bills} page=${page} />`;
    case "pay": return html`<${Pay} key=${id} order=${id} page=${page} />`;
    case "payments": return id ? html`<${Payment} key=${id} id=${id} page=${page} />` : html`<${Payments} page=${page} />`;
    default: return html`<section><${Title}>${t("not_here")}<//><p><a href="#/">${t("nav.home")}</a></p></section>`;
  }
}

function Pages() {
  const route = useRoute();
  const page = useLive("/api/mypage");
  return html`<div key=${route.join("/")} class="view"><${View} route=${route} page=${page} /></div>`;
}

function MyPage({ error }) {
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
  return html`<${Shell} brand="mypage" items=${ITEMS}>
    ${!person && html`<${Welcome} title="welcome.title" text="welcome.text" error=${error} />`}
    ${person && person.customer && html`<${Pages} />`}
    ${person && !person.customer && html`<section><${Title}>${t("customers_only")}<//>
      <${Failed} error=${{ code: "forbidden" }} /><p><a href="/api/web/console">${t("console")}</a></p></section>`}
  <//>`;
}

const root = document.getElementById("app");
let error;
try {
  await finishSignIn();
  takeUpPayment();
} catch (trouble) {
  error = trouble;
}
root.replaceChildren();
render(html`<${MyPage} error=${error} />`, root);
