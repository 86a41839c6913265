// What waits for an operator: inspect it, have it handled again, or give it up.
import { At, Button, Choice, Dialog, Failed, Status, Title, html, useLayoutEffect, useRef, useState } from "./ui.js";
import { Pages } from "./console-cases.js";
import { at } from "./console-customer.js";
import { lineName, moment, month } from "./format.js";
import { useIntent } from "./api.js";
import { named, t } from "./text.js";
import { to } from "./route.js";

/** The body of an item's message: read, where it can be. */
function bodyOf({ message }) {
  try {
    return JSON.parse(message.body);
  } catch {
    return message?.body;
  }
}

/** What the item holds, as it may be read. */
const content = (item) => JSON.stringify(item.bill ?? { ...item.message, body: bodyOf(item) }, null, 2);

/** What tells an item from others: the message's name, or the line and its month. */
const called = ({ message, bill, kind }) => message?.subject
  ?? (bill ? `${lineName(bill)} · ${month(bill.usageMonth)}` : t(`parked.kind.${kind}`));

/** Why it is parked, in words: a reason of its own, or what is said of a problem with this code. */
function why({ reason }) {
  const own = named("reason", reason);
  return own === reason ? named("code", reason) : own;
}

/** Where an item leads: its bill or its saga, and its customer, as far as it says so. */
function Links({ item: { bill, ...item } }) {
  const { sagaId, customerId } = bill ?? bodyOf(item) ?? {};
  const links = [
    // As long as it is held, it is no bill that could be shown.
    bill && item.state === "replayed" && [at(customerId, "bills", bill.billId), t("search.see.bill")],
    sagaId && [to("sagas", sagaId), t("search.see.saga")],
    customerId && [at(customerId), customerId],
  ].filter(Boolean);
  return links.length > 0 && html`<span class="sub">${links.map(([href, name], index) => html`${index > 0 && " · "}<a href=${href}>${name}</a>`)}</span>`;
}

/** Something parked, with all that can be done about it; `done` is called with what was. */
export function Item({ item, refresh, done }) {
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const [failed, setFailed] = useState(null);
  const intent = useIntent();
  const ended = useRef(null);
  const shown = useRef(false);
  const say = (how) => done(t(`parked.ended.${how}`, { what: called(item) }));
  // Gone from under its reader, as somebody else dealt with it. Before what follows takes note that it is shown no more.
  useLayoutEffect(() => () => shown.current && say(ended.current ?? "gone"), []);
  useLayoutEffect(() => {
    shown.current = open;
    return () => {
      shown.current = false;
    };
  }, [open]);
  const finish = (how) => {
    say(how);
    refresh();
  };
  const close = () => {
    setOpen(false);
    setSure(false);
    setFailed(null);
    if (ended.current) finish(ended.current);
    ended.current = null;
  };
  const over = (how) => {
    // While the window is there, the rest follows when it is closed: before, nothing behind it can take the focus.
    if (!shown.current) return finish(how);
    ended.current = how;
    return setOpen(false);
  };
  const end = async (how) => {
    setFailed(null);
    try {
      await intent.send(`/api/parked/${item.parkedId}/${how}`, {});
      over(how);
    } catch (error) {
      if (error.code === "not_found") return over("gone");
      setFailed(error);
      // Somebody else may be at it.
      refresh();
    }
    return undefined;
  };
  const sureness = useRef(null);
  useLayoutEffect(() => {
    // On a narrow screen the answers to the question are below the edge.
    if (sure) sureness.current.scrollIntoView({ block: "nearest" });
  }, [sure]);
  return html`
    <li data-id=${item.parkedId}><div class="item">
      <span class="main"><strong>${called(item)}</strong> <${Status} family="parked_state" status=${item.replayingSince ? "replaying" : item.state} />
        <span class="sub">${t(`parked.kind.${item.kind}`)} · ${why(item)} · <${At} at=${item.parkedAt} as=${moment} /></span>
        <${Links} item=${item} />
        ${(item.function ?? item.source) && html`<code class="sub">${item.function ?? item.source}</code>`}</span>
      <${Button} kind="small" onClick=${() => setOpen(true)}>${t("parked.inspect")}<//>
    </div>
    <${Dialog} wide open=${open} close=${close} title=${t(`parked.kind.${item.kind}`)}>
      <dl class="facts">
        <div><dt>${t("parked.reason")}</dt><dd>${why(item)}</dd></div>
        ${item.detail && html`<div><dt>${t("parked.detail")}</dt><dd>${item.detail}</dd></div>`}
        ${item.function && html`<div><dt>${t("parked.function")}</dt><dd><code>${item.function}</code></dd></div>`}
        ${item.source && html`<div><dt>${t("parked.source")}</dt><dd><code>${item.source}</code></dd></div>`}
        <div><dt>${t("parked.at")}</dt><dd><${At} at=${item.parkedAt} as=${moment} /></dd></div>
        ${item.replayingSince && html`<div><dt>${t("parked.replaying_since")}</dt><dd><${At} at=${item.replayingSince} as=${moment} /></dd></div>`}
      </dl>
      <h3 id="content-${item.parkedId}">${t("parked.content")}</h3>
      <pre tabIndex="0" role="region" aria-labelledby="content-${item.parkedId}">${content(item)}</pre>
      ${failed && html`<${Failed} error=${failed} />`}
      ${item.state === "waiting" && (intent.busy || !item.replayingSince) && html`
        ${sure && html`<p class="note" role="alert">${t("parked.discard.question")}</p>`}
        <p class="actions" ref=${sureness}>${sure ? html`
          <${Button} onClick=${() => setSure(false)}>${t("keep")}<//>
          <${Button} kind="danger solid" busy=${intent.busy} onClick=${() => end("discard")}>${t("parked.discard.sure")}<//>` : html`
          <${Button} kind="danger" onClick=${() => setSure(true)}>${t("parked.discard")}<//>
          <${Button} kind="primary" busy=${intent.busy} onClick=${() => end("replay")}>${t("parked.replay")}<//>`}</p>`}
    <//></li>`;
}

/** What was done last about something parked. It takes the focus from what is gone. */
export function useDone() {
  const [done, setDone] = useState(null);
  const notice = useRef(null);
  useLayoutEffect(() => notice.current?.focus(), [done]);
  return [done && html`<p class="note done" tabIndex="-1" ref=${notice}>${done.text}</p>`, (text) => setDone({ text })];
}

export function Parked({ status }) {
  const [notice, done] = useDone();
  return html`
    <${Title}>${t("nav.parked")}<//>
    <${Choice} label=${t("filter")} chosen=${status} choices=${[["#/parked", t("parked.waiting"), "waiting"], ["#/parked/done", t("parked.done"), "done"]]} />
    ${notice}
    <${Pages} path=${`/api/parked?limit=50&status=${encodeURIComponent(status)}`} none=${status === "done" ? "parked.none_done" : "parked.none"}>
      ${(item, refresh) => html`<${Item} key=${item.parkedId} item=${item} refresh=${refresh} done=${done} />`}
    <//>`;
}
