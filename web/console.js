// The operator's console.
import { NotHere, html } from "./ui.js";
import { useRoute } from "./route.js";
import { open } from "./site.js";
import { Today } from "./console-today.js";
import { Search } from "./console-search.js";
import { CustomerBill, CustomerPage, CustomerPayment } from "./console-customer.js";
import { Runs } from "./console-runs.js";
import { Case, Cases } from "./console-cases.js";
import { Parked } from "./console-parked.js";
import { Usage } from "./console-usage.js";

const ITEMS = [
  ["", "nav.today"],
  ["search", "nav.search"],
  ["runs", "nav.runs"],
  ["sagas", "nav.sagas"],
  ["parked", "nav.parked"],
  ["usage", "nav.usage"],
];

function Customers({ id, kind, thing }) {
  if (id === undefined) return html`<${Search} />`;
  if (kind === "bills" && thing) return html`<${CustomerBill} customer=${id} id=${thing} />`;
  if (kind === "payments" && thing) return html`<${CustomerPayment} customer=${id} id=${thing} />`;
  return html`<${CustomerPage} id=${id} />`;
}

function View({ route: [name, id, kind, thing] }) {
  switch (name) {
    case undefined: return html`<${Today} />`;
    case "search": return html`<${Customers} id=${id} kind=${kind} thing=${thing} />`;
    case "runs": return html`<${Runs} />`;
    case "sagas": return id?.includes("-") ? html`<${Case} key=${id} id=${id} />` : html`<${Cases} status=${id} />`;
    case "parked": return html`<${Parked} status=${id ?? "waiting"} />`;
    case "usage": return html`<${Usage} />`;
    default: return html`<${NotHere} />`;
  }
}

function Pages() {
  const route = useRoute();
  return html`<div key=${route.join("/")} class="view"><${View} route=${route} /></div>`;
}

await open({
  name: "console",
  items: ITEMS,
  role: "operator",
  other: "mypage",
  Pages,
  title: "welcome.console.title",
  text: "welcome.console.text",
  refused: "operators_only",
});
