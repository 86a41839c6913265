// MyPage: what a customer sees and does.
import { NotHere, html } from "./ui.js";
import { useLive } from "./live.js";
import { useRoute } from "./route.js";
import { open } from "./site.js";
import { Overview } from "./mypage-overview.js";
import { Line, Lines } from "./mypage-lines.js";
import { Opening, OpenLine } from "./mypage-open.js";
import { Bill, Bills, takeUpPayment } from "./mypage-bill.js";
import { Pay, Payment, Payments } from "./mypage-payments.js";

const ITEMS = [
  ["", "nav.home"],
  ["lines", "nav.lines", ["open"]],
  ["bills", "nav.bills", ["pay"]],
  ["payments", "nav.payments"],
];

function View({ route, page }) {
  const [name, id, like] = route;
  switch (name) {
    case undefined: return html`<${Overview} page=${page} />`;
    case "lines": return id ? html`<${Line} key=${id} id=${id} page=${page} />` : html`<${Lines} page=${page} />`;
    case "open": return id && !like ? html`<${Opening} key=${id} order=${id} page=${page} />` : html`<${OpenLine} like=${like} />`;
    case "bills": return id && id !== "due" ? html`<${Bill} key=${id} id=${id} page=${page} />` : html`<${Bills} page=${page} only=${id} />`;
    case "pay": return html`<${Pay} key=${id} order=${id} page=${page} />`;
    case "payments": return id ? html`<${Payment} key=${id} id=${id} page=${page} />` : html`<${Payments} page=${page} />`;
    default: return html`<${NotHere} />`;
  }
}

function Pages() {
  const route = useRoute();
  const page = useLive("/api/mypage");
  return html`<div key=${route.join("/")} class="view"><${View} route=${route} page=${page} /></div>`;
}

await open({
  name: "mypage",
  items: ITEMS,
  role: "customer",
  other: "console",
  Pages,
  title: "welcome.mypage.title",
  text: "welcome.mypage.text",
  refused: "customers_only",
}, takeUpPayment);
