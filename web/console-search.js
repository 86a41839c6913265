// Finding a customer by whatever is at hand.
import { Empty, Failed, Title, html, useRef, useState } from "./ui.js";
import { Customer, at } from "./console-customer.js";
import { digitsOf } from "./format.js";
import { post } from "./api.js";
import { t } from "./text.js";
import { to } from "./route.js";

/** What was looked for last, so that coming back from a saga finds it there. It stays in this tab's memory. */
const last = { query: "", asked: "", hits: null };

/** What is asked for: a phone number may be written in many ways. */
function asWritten(query) {
  const digits = digitsOf(query);
  return /^01\d{8,9}$/.test(digits) ? digits : query.trim();
}

/** What an id that was looked for stands for, with where it is shown: none for a line, a number or a customer. */
function thing(customer, id) {
  if (/^(open|close|pay|cancel)-/.test(id)) return ["saga", to("sagas", id)];
  if (/^\d{6}-.+-p\d+$/.test(id)) return ["payment", at(customer, "payments", id)];
  return /^\d{6}-/.test(id) ? ["bill", at(customer, "bills", id)] : [];
}

function Found({ found, query }) {
  const [kind, href] = found.by === "line" ? thing(found.customerId, query) : [];
  return html`<section class="card found"><p class="big"><a href=${at(found.customerId)}>${found.customerId}</a></p>
    <p class="sub">${t(`search.by.${kind ?? found.by}`)}</p>
    ${kind && html`<p class="actions"><a class="button primary" href=${href}>${t(`search.see.${kind}`)}</a></p>`}</section>`;
}

export function Search() {
  const [query, setQuery] = useState(last.query);
  const [hits, setHits] = useState(last.hits);
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const find = async (event) => {
    event.preventDefault();
    const wanted = asWritten(query);
    if (wanted === "") return;
    // What was asked last is answered, whatever comes when.
    asked.current += 1;
    const mine = asked.current;
    const isLast = () => asked.current === mine;
    setBusy(true);
    setFailed(null);
    // Nobody is to be taken for who is looked for now.
    Object.assign(last, { query, asked: wanted, hits: null });
    setHits(null);
    try {
      const { items } = await post("/api/customers/search", { query: wanted });
      if (isLast()) {
        last.hits = items;
        setHits(items);
      }
    } catch (error) {
      if (isLast()) setFailed(error);
    }
    if (isLast()) setBusy(false);
  };
  return html`
    <${Title}>${t("search.title")}<//>
    <section class="card"><form class="bar" onSubmit=${find} role="search">
      <p class="field"><label for="query">${t("search.label")}</label>
        <input id="query" type="text" autocomplete="off" spellcheck="false" maxlength="200" value=${query} onInput=${(event) => setQuery(event.target.value)} /></p>
      <button class="primary" aria-busy=${busy ? "true" : undefined}>${t("search.button")}</button></form></section>
    ${failed && html`<${Failed} error=${failed} />`}
    <div role="status">${hits?.length === 0 && html`<${Empty}>${t("search.nobody")}<//>`}
      ${hits?.length > 0 && html`<p class="sub" key=${asked.current}>${t("search.found", { count: hits.length })}</p>`}</div>
    ${hits?.map((found) => html`
      <${Found} found=${found} query=${last.asked} />
      <${Customer} key=${found.customerId} id=${found.customerId} />`)}`;
}
