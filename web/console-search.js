// Finding a customer, and what the customer has.
import { At, Button, Empty, Failed, Read, Status, Title, Won, html, useRef, useState } from "./ui.js";
import { Months } from "./charts.js";
import { lastYear } from "./mypage-overview.js";
import { lineName } from "./mypage-lines.js";
import { moment, month } from "./format.js";
import { post, useIntent } from "./api.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";

function Switch({ line, whose, refresh }) {
  const [failed, setFailed] = useState(null);
  const intent = useIntent();
  const how = line.status === "active" ? "suspension" : "resumption";
  const change = async () => {
    setFailed(null);
    try {
      await intent.send(`/api/orders/${line.orderId}/${how}?${whose}`, {});
      refresh();
    } catch (error) {
      setFailed(error);
    }
  };
  if (line.status !== "active" && line.status !== "suspended") return null;
  return html`${failed && html`<${Failed} error=${failed} />`}
    <${Button} kind="small" busy=${intent.busy} onClick=${change}>${t(line.status === "active" ? "search.suspend" : "search.resume")}<//>`;
}

function Customer({ found }) {
  const whose = `customerId=${encodeURIComponent(found.customerId)}`;
  const from = useLive(`/api/mypage?${whose}`, { quickest: 3_000 });
  return html`
    <section class="card found"><p class="big">${found.customerId}</p><p class="sub">${t(`search.by.${found.by}`)}</p></section>
    <${Read} from=${from}>${({ lines, bills, payments }) => html`
      <div class="columns">
        <section class="card wide"><${Months} bars=${lastYear(bills)} title=${t("chart.title")} /></section>
        <section class="card"><h2>${t("nav.lines")}</h2><ul class="list">${lines.map((line) => html`<li key=${line.orderId}><div class="item">
          <span class="main"><strong>${lineName(line)}</strong> <${Status} family="order_status" status=${line.status} />
            <span class="sub"><a href=${to("sagas", `open-${line.orderId}`)}>${t("search.saga")}</a></span></span>
          <${Switch} line=${line} whose=${whose} refresh=${from.refresh} /></div></li>`)}</ul></section>
        <section class="card"><h2>${t("nav.bills")}</h2>${bills.length === 0 ? html`<${Empty}>${t("bills.empty")}<//>` : html`
          <ul class="list">${bills.toReversed().map((bill) => html`<li key=${bill.billId}><div class="item">
            <span class="main"><strong>${month(bill.usageMonth)}</strong><span class="sub"><${Status} family="bill_status" status=${bill.status} /></span></span>
            <${Won} amount=${bill.amount} /></div></li>`)}</ul>`}</section>
        <section class="card"><h2>${t("nav.payments")}</h2>${payments.length === 0 ? html`<${Empty}>${t("payments.empty")}<//>` : html`
          <ul class="list">${payments.toReversed().map((payment) => html`<li key=${payment.paymentId}><a class="item" href=${to("sagas", `pay-${payment.paymentId}`)}>
            <span class="main"><strong><${Won} amount=${payment.amount} /></strong><span class="sub"><${At} at=${payment.history[0].at} as=${moment} /></span></span>
            <${Status} family="payment_status" status=${payment.status} /></a></li>`)}</ul>`}</section>
      </div>`}<//>`;
}

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
    ${hits?.map((found) => html`<${Customer} key=${found.customerId} found=${found} />`)}`;
}
