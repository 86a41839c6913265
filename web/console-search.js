// Finding a customer by whatever is at hand.
import { Empty, Failed, Title, html, useRef, useState } from "./ui.js";
import { Customer, at } from "./console-customer.js";
import { post } from "./api.js";
import { t } from "./text.js";

/** What was looked for last, so that coming back from a saga finds it there. It stays in this tab's memory. */
const last = { query: "", hits: null };

export function Search() {
  const [query, setQuery] = useState(last.query);
  const [hits, setHits] = useState(last.hits);
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const find = async (event) => {
    event.preventDefault();
    if (query.trim() === "") return;
    // What was asked last is answered, whatever comes when.
    asked.current += 1;
    const mine = asked.current;
    const isLast = () => asked.current === mine;
    setBusy(true);
    setFailed(null);
    try {
      const { items } = await post("/api/customers/search", { query: query.trim() });
      if (isLast()) {
        Object.assign(last, { query, hits: items });
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
    <div role="status">${hits?.length === 0 && html`<${Empty}>${t("search.nobody")}<//>`}</div>
    ${hits?.map((found) => html`
      <section class="card found"><p class="big"><a href=${at(found.customerId)}>${found.customerId}</a></p><p class="sub">${t(`search.by.${found.by}`)}</p></section>
      <${Customer} key=${found.customerId} id=${found.customerId} />`)}`;
}
