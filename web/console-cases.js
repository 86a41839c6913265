// Sagas: by status, and one with the picture of its times.
import { At, Button, Empty, Failed, Read, Status, Title, announce, html, useState } from "./ui.js";
import { Messages, Timeline } from "./timeline.js";
import { SagaLine } from "./saga.js";
import { get, useIntent } from "./api.js";
import { moment, number } from "./format.js";
import { t } from "./text.js";
import { to } from "./route.js";
import { useLive } from "./live.js";

const STATUSES = ["stuck", "running", "compensating", "completed", "compensated"];
/** Sagas of one page. */
const PAGE = 25;

/** A list that has more than one page: the first is watched, the others are read when asked for. */
export function usePages(path) {
  const first = useLive(path, { quickest: 4_000 });
  const [later, setLater] = useState({ items: [] });
  const cursor = later.from === first.data ? later.cursor : first.data?.cursor;
  const items = [...(first.data?.items ?? []), ...(later.from === first.data ? later.items : [])];
  const more = async () => {
    const { data } = await get(`${path}&cursor=${encodeURIComponent(cursor)}`);
    const before = later.from === first.data ? later.items : [];
    setLater({ from: first.data, items: [...before, ...data.items], cursor: data.cursor });
  };
  return { ...first, data: first.data && items, more: cursor && more };
}

/** Links that choose between lists. */
export const Choice = ({ label, chosen, choices }) => html`
  <nav class="choice" aria-label=${label}><ul>${choices.map(([href, name, value]) => html`
    <li key=${href}><a href=${href} aria-current=${value === chosen ? "page" : undefined}>${name}</a></li>`)}</ul></nav>`;

export function Cases({ status }) {
  const path = `/api/sagas?limit=${PAGE}${status ? `&status=${encodeURIComponent(status)}` : ""}`;
  const from = usePages(path);
  return html`
    <${Title}>${t("nav.sagas")}<//>
    <${Choice} label=${t("saga.filter")} chosen=${status} choices=${[["#/sagas", t("saga.all"), undefined],
      ...STATUSES.map((name) => [to("sagas", name), t(`saga_status.${name}`), name])]} />
    <${Read} from=${from} lines=${6}>${(sagas) => sagas.length === 0 ? html`<${Empty}>${t("saga.none")}<//>` : html`
      <ul class="list card">${sagas.map((saga) => html`
        <li key=${saga.sagaId}><a class="item" href=${to("sagas", saga.sagaId)}>
          <span class="main"><${SagaLine} saga=${saga} /><span class="sub">${saga.customerId} · <${At} at=${saga.startedAt} as=${moment} /></span></span>
          <span class="dots" aria-hidden="true">${saga.steps.map((step) => html`<i class=${step.state ?? "open"}></i>`)}</span></a></li>`)}
      </ul>
      ${from.more && html`<p class="actions"><${Button} onClick=${from.more}>${t("saga.more")}<//></p>`}`}<//>`;
}

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
      ${saga.status === "stuck" && html`<p class="actions"><${Button} kind="primary" busy=${intent.busy} onClick=${retry}>${t("saga.retry")}<//></p>`}</section>
      <section class="card"><h2>${t("saga.timeline")}</h2><${Timeline} saga=${saga} /></section>
      ${saga.messages && html`<section class="card"><h2>${t("saga.messages")}</h2><${Messages} saga=${saga} /></section>`}`}<//>`;
}
