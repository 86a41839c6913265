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

/** A list that has more than one page: the first is watched, the others are read when asked for. */
function usePages(path) {
  const first = useLive(path, { quickest: 4_000 });
  const [later, setLater] = useState({});
  const reading = useRef(null);
  const known = first.data && later.from === first.data ? later : { items: [], cursor: first.data?.cursor };
  const items = [...(first.data?.items ?? []), ...known.items];
  const read = async () => {
    const from = first.data;
    if (reading.current === from) return;
    reading.current = from;
    const found = [];
    let { cursor } = known;
    let error;
    try {
      for (let looks = 0; looks < LOOKS && cursor && found.length === 0; looks += 1) {
        const { data } = await get(`${path}&cursor=${encodeURIComponent(cursor)}`);
        found.push(...data.items);
        cursor = data.cursor;
      }
    } catch (trouble) {
      error = trouble;
    }
    reading.current = null;
    setLater({ from, items: [...known.items, ...found], cursor, error, looked: true });
  };
  useEffect(() => {
    if (items.length === 0 && known.cursor && !known.looked) read();
  }, [first.data]);
  return { ...first, data: first.data && items, more: known.cursor && read, failed: known.error, looking: items.length === 0 && known.cursor && !known.looked };
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
