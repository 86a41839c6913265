// What waits for an operator: inspect it, have it handled again, or give it up.
import { At, Button, Dialog, Empty, Failed, Read, Status, Title, announce, html, useState } from "./ui.js";
import { Choice, usePages } from "./console-cases.js";
import { moment } from "./format.js";
import { useIntent } from "./api.js";
import { named, t } from "./text.js";

/** What the item holds, as it may be read. */
function content(item) {
  const text = item.message?.body;
  if (typeof text !== "string") return JSON.stringify(item.message ?? item.bill, null, 2);
  try {
    return JSON.stringify({ ...item.message, body: JSON.parse(text) }, null, 2);
  } catch {
    return JSON.stringify(item.message, null, 2);
  }
}

function Item({ item, refresh }) {
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const [failed, setFailed] = useState(null);
  const intent = useIntent();
  const close = () => {
    setOpen(false);
    setSure(false);
    setFailed(null);
  };
  const end = async (how) => {
    setFailed(null);
    try {
      await intent.send(`/api/parked/${item.parkedId}/${how}`, {});
      close();
      announce(t("parked.ended"));
      refresh();
    } catch (error) {
      setFailed(error);
    }
  };
  return html`
    <li data-id=${item.parkedId}><div class="item">
      <span class="main"><strong>${t(`parked.kind.${item.kind}`)}</strong> <${Status} family="parked_state" status=${item.state} />
        <span class="sub">${named("reason", item.reason)} · <${At} at=${item.parkedAt} as=${moment} /></span>
        ${(item.function ?? item.source) && html`<code class="sub">${item.function ?? item.source}</code>`}</span>
      <${Button} kind="small" onClick=${() => setOpen(true)}>${t("parked.inspect")}<//>
    </div>
    <${Dialog} wide open=${open} close=${close} title=${t(`parked.kind.${item.kind}`)}>
      <dl class="facts">
        <div><dt>${t("parked.reason")}</dt><dd>${named("reason", item.reason)}</dd></div>
        ${item.detail && html`<div><dt></dt><dd>${item.detail}</dd></div>`}
        ${item.function && html`<div><dt>${t("parked.function")}</dt><dd><code>${item.function}</code></dd></div>`}
        ${item.source && html`<div><dt>${t("parked.source")}</dt><dd><code>${item.source}</code></dd></div>`}
        <div><dt>${t("parked.at")}</dt><dd><${At} at=${item.parkedAt} as=${moment} /></dd></div>
      </dl>
      <h3 id="content-${item.parkedId}">${t("parked.content")}</h3>
      <pre tabIndex="0" role="region" aria-labelledby="content-${item.parkedId}">${content(item)}</pre>
      ${failed && html`<${Failed} error=${failed} />`}
      ${item.state === "waiting" && html`
        ${sure && html`<p class="note" role="alert">${t("parked.discard.question")}</p>`}
        <p class="actions">
          <${Button} kind="danger" busy=${intent.busy} onClick=${() => (sure ? end("discard") : setSure(true))}>${t("parked.discard")}<//>
          <${Button} kind="primary" busy=${intent.busy} onClick=${() => end("replay")}>${t("parked.replay")}<//></p>`}
    <//></li>`;
}

export function Parked({ status }) {
  const from = usePages(`/api/parked?limit=50&status=${encodeURIComponent(status)}`);
  return html`
    <${Title}>${t("nav.parked")}<//>
    <${Choice} label=${t("saga.filter")} chosen=${status} choices=${[["#/parked", t("parked.waiting"), "waiting"], ["#/parked/done", t("parked.done"), "done"]]} />
    <${Read} from=${from} lines=${5}>${(items) => items.length === 0 ? html`<${Empty}>${t(status === "done" ? "parked.none_done" : "parked.none")}<//>` : html`
      <ul class="list card">${items.map((item) => html`<${Item} key=${item.parkedId} item=${item} refresh=${from.refresh} />`)}</ul>
      ${from.more && html`<p class="actions"><${Button} onClick=${from.more}>${t("saga.more")}<//></p>`}`}<//>`;
}
