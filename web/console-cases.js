// Sagas: by status, and one with the picture of its times.
import { At, Button, Choice, Empty, Failed, Loading, Read, Status, Title, announce, html, useEffect, useRef, useState } from "./ui.js";
import { Messages, Timeline } from "./timeline.js";
import { SagaLine } from "./saga.js";
import { get, useIntent } from "./api.js";
import { moment, number } from "./format.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";

/** Where sagas stand that are not over, what needs somebody first. Those that are over are found by their customers. */
const STATUSES = ["stuck", "running", "compensating"];
/** Sagas of one page. */
const PAGE = 25;
/** Pages that are looked through at once for the next thing: one may be short, or empty, and not the last. */
const LOOKS = 8;

/** What tells an item from others. */
const idOf = (item) => item.sagaId ?? item.parkedId;

/** Each item as it comes first: between two reads, one may have moved to another page. */
function once(items) {
  const seen = new Set();
  return items.filter((item) => !seen.has(idOf(item)) && seen.add(idOf(item)));
}

/** Reads pages from a cursor on, until that is `enough`; with the error, when one cannot be read. */
async function walk(path, cursor, enough) {
  const found = { pages: 0, items: [], cursor };
  try {
    while (found.cursor && !enough(found)) {
      const { data } = await get(`${path}&cursor=${encodeURIComponent(found.cursor)}`);
      found.items.push(...data.items);
      Object.assign(found, { pages: found.pages + 1, cursor: data.cursor });
    }
  } catch (error) {
    found.error = error;
  }
  return found;
}

/**
 * A list that has more than one page. The first is watched; the others are read when asked for, and again when the first
 * one changes or something was done: then what was behind a cursor may be elsewhere.
 */
function usePages(path) {
  const first = useLive(path, { quickest: 4_000 });
  const [later, setLater] = useState({ pages: 0, items: [] });
  const [reading, outdated, wanted] = [useRef(null), useRef(false), useRef(false)];
  const begin = { pages: 0, items: [], cursor: first.data?.cursor };
  const known = later.pages > 0 ? later : begin;
  const items = once([...(first.data?.items ?? []), ...later.items]);
  const looking = items.length === 0 && known.cursor && later.pages === 0 && !later.error;
  const read = async (what, from, enough) => {
    if (reading.current) return;
    reading.current = what;
    if (from === begin) outdated.current = false;
    const { pages, items: found, ...rest } = await walk(path, from.cursor, enough);
    reading.current = null;
    // What could not be read again stays as it was.
    setLater((was) => (rest.error && from === begin && was.pages > 0 ? { ...was }
      : { pages: from.pages + pages, items: [...from.items, ...found], ...rest }));
  };
  const more = () => {
    // What is beyond follows when everything is read again.
    wanted.current = reading.current === "again";
    return read("more", known, ({ pages, items: found }) => found.length > 0 || pages === LOOKS);
  };
  useEffect(() => {
    outdated.current = true;
    if (looking) more();
  }, [first.data]);
  // After each drawing: a read that was under way is over by one of them.
  useEffect(() => {
    if (outdated.current && later.pages > 0) read("again", begin, ({ pages }) => pages === later.pages);
    else if (wanted.current && !reading.current) more();
  });
  const refresh = () => {
    first.refresh();
    outdated.current = true;
    setLater((was) => ({ ...was }));
  };
  return { ...first, refresh, data: first.data && items, more: known.cursor && more, failed: later.error, looking };
}

/** A list of pages; `none` is said when there is nothing on any of them, and `children` shows one thing. */
export function Pages({ path, none, children }) {
  const from = usePages(path);
  return html`
    <${Read} from=${from} lines=${5}>${(items) => html`
      ${items.length > 0 && html`<ul class="list card">${items.map((item) => children(item, from.refresh))}</ul>`}
      ${items.length === 0 && (from.looking ? html`<${Loading} lines=${5} />` : html`<${Empty}>${t(from.more ? "saga.none_yet" : none)}<//>`)}
      ${from.failed && html`<${Failed} error=${from.failed} />`}
      ${from.more && !from.looking && html`<p class="actions"><${Button} onClick=${from.more}>${t("saga.more")}<//></p>`}`}<//>`;
}

const pathOf = (status, limit = PAGE) => `/api/sagas?limit=${limit}&status=${encodeURIComponent(status)}`;

const List = ({ status }) => html`
  <${Choice} label=${t("filter")} chosen=${status} choices=${STATUSES.map((name) => [to("sagas", name), t(`saga_status.${name}`), name])} />
  <${Pages} key=${status} path=${pathOf(status)} none="saga.none">${(saga) => html`
    <li key=${saga.sagaId}><a class="item" href=${to("sagas", saga.sagaId)}>
      <span class="main"><${SagaLine} saga=${saga} /><span class="sub">${saga.customerId} · <${At} at=${saga.startedAt} as=${moment} /></span></span>
      <span class="dots" aria-hidden="true">${saga.steps.map((step) => html`<i class=${step.state ?? "open"}></i>`)}</span></a></li>`}<//>`;

/** The list to begin with: what is stuck, or what is under way when nothing is. */
function Beginning() {
  const stuck = useLive(pathOf("stuck", 1), { until: () => true });
  return html`<${Read} from=${stuck} lines=${6}>${({ items, cursor }) => html`<${List} status=${items.length > 0 || cursor ? "stuck" : "running"} />`}<//>`;
}

export const Cases = ({ status }) => html`
  <${Title}>${t("nav.sagas")}<//>
  ${status ? html`<${List} status=${status} />` : html`<${Beginning} />`}`;

/** The payment that a saga is about, which its id names: `pay-{payment}`, or `cancel-{payment}-{attempt}`. */
const paymentOf = ({ sagaId }) => (/^pay-(.+)$/.exec(sagaId) ?? /^cancel-(.+)-\d+$/.exec(sagaId))?.[1];

export function Case({ id }) {
  const from = useLive(`/api/sagas/${encodeURIComponent(id)}`, { quickest: 1_000, slowest: 10_000 });
  const [failed, setFailed] = useState(null);
  const intent = useIntent();
  const retry = async () => {
    setFailed(null);
    try {
      await intent.send(`/api/sagas/${encodeURIComponent(id)}/retry`, {});
      announce(t("saga.retried"));
      from.refresh();
    } catch (error) {
      setFailed(error);
    }
  };
  return html`
    <p class="back"><a href="#/sagas">${t("nav.sagas")}</a></p>
    <${Read} whole from=${from} lines=${6}>${(saga) => html`
      <header class="heading"><${Title} text=${t(`kind.${saga.kind}`)}>${t(`kind.${saga.kind}`)}<//><${Status} family="saga_status" status=${saga.status} /></header>
      <section class="card"><dl class="facts">
        <div class="whole"><dt>ID</dt><dd><code>${saga.sagaId}</code></dd></div>
        <div><dt>${t("saga.customer")}</dt><dd><a href=${to("search", saga.customerId)}>${saga.customerId}</a></dd></div>
        <div><dt>${t("saga.started")}</dt><dd><${At} at=${saga.startedAt} as=${moment} /></dd></div>
        <div><dt>${t("saga.deadline")}</dt><dd><${At} at=${saga.deadline} as=${moment} /></dd></div>
        <div><dt>${t("saga.attempts")}</dt><dd data-attempts=${saga.undoAttempts}>${number(saga.undoAttempts)}</dd></div>
      </dl>
      ${failed && html`<${Failed} error=${failed} />`}
      <p class="actions">
        ${saga.status === "stuck" && html`<${Button} kind="primary" busy=${intent.busy} onClick=${retry}>${t("saga.retry")}<//>`}
        ${paymentOf(saga) && html`<a class="button" href=${to("search", saga.customerId, "payments", paymentOf(saga))}>${t("search.see.payment")}</a>`}</p></section>
      <section class="card"><h2>${t("saga.timeline")}</h2><${Timeline} saga=${saga} /></section>
      ${saga.messages && html`<section class="card"><h2>${t("saga.messages")}</h2><${Messages} saga=${saga} /></section>`}`}<//>`;
}
