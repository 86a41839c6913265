// The numbers that matter now.
import { At, Read, Title, Won, html } from "./ui.js";
import { Days, Months, Share } from "./charts.js";
import { RunProgress } from "./console-runs.js";
import { clock, moment, number, yearTo } from "./format.js";
import { t } from "./text.js";
import { useLive } from "./live.js";

const counted = ({ count, more }) => `${number(count)}${more ? "+" : ""}`;

/** A number that leads to what it counts, where there is a list of that. */
const Tile = ({ name, count, href, bad }) => html`
  <li><${href ? "a" : "div"} class="card tile ${bad && count.count > 0 ? "bad" : ""}" href=${href}>
    <span class="sub">${t(name)}</span><strong>${counted(count)}</strong><//></li>`;

/** A number of things, `counted` as these words do, and what it comes to. */
const Sum = ({ name, count, counted = "today.count", children }) => html`
  <li class="card tile" data-name=${name}><span class="sub">${t(name)}</span><strong>${t(counted, { count: number(count) })}</strong>
    <span class="sub">${children}</span></li>`;

/** What waits for whom: nothing, as a rule. */
const Attention = ({ now }) => html`
  <ul class="tiles">
    <${Tile} name="today.stuck" count=${now.stuck} href="#/sagas/stuck" bad />
    <${Tile} name="today.parked" count=${now.parked} href="#/parked" bad />
    <${Tile} name="today.running" count=${now.running} href="#/sagas/running" />
    <${Tile} name="today.compensating" count=${now.compensating} href="#/sagas/compensating" />
    <${Tile} name="today.payments" count=${now.openPayments} />
  </ul>
  <p class="sub">${t("today.oldest")}: ${now.oldestOpenSaga ? html`<${At} at=${now.oldestOpenSaga} as=${moment} />` : t("today.none")}</p>`;

function Business({ now: { lines, unpaid, days } }) {
  const today = days.at(-1);
  return html`
    <div class="business">
      <section><h2>${t("today.business")}</h2>
        <ul class="tiles sums">
          <${Sum} name="today.orders" count=${today.orders} />
          <${Sum} name="today.paid" count=${today.payments}><${Won} amount=${today.paid} /><//>
          <${Sum} name="today.refunded" count=${today.refunds}><${Won} amount=${today.refunded} /><//>
        </ul></section>
      <section><h2>${t("today.overall")}</h2>
        <ul class="tiles sums">
          <${Sum} name="today.unpaid" count=${unpaid.bills}><${Won} amount=${unpaid.outstanding} /><//>
          <${Sum} name="today.active" count=${lines.active} counted="today.lines" />
        </ul></section>
    </div>`;
}

/** Lines by what they are, the closed and the rejected ones apart. */
function Lines({ lines }) {
  const status = (name) => t(`order_status.${name}`);
  return html`
    <section class="card"><h2>${t("today.all_lines")}</h2>
      <${Share} parts=${[["issued", status("active"), lines.active], ["skipped", status("requested"), lines.requested],
        ["waiting", status("suspended"), lines.suspended], ["parked", status("terminating"), lines.terminating]]} />
      <p class="sub">${status("terminated")} ${number(lines.terminated)} · ${status("rejected")} ${number(lines.rejected)}</p>
    </section>`;
}

/** What was billed in the year up to the newest bill. */
function Billed({ months }) {
  if (months.length === 0) return html`<h2>${t("today.months")}</h2><p class="sub">${t("today.no_months")}</p>`;
  const known = new Map(months.map((one) => [one.usageMonth, one]));
  const bars = yearTo(months.at(-1).usageMonth).map((month) => ({ amount: 0, outstanding: 0, ...known.get(month), month }));
  return html`<${Months} bars=${bars} title=${t("today.months")} />`;
}

/** Where a message stands that nobody has handled. */
const WAITING = ["active", "scheduled", "deadLettered"];

/** The queues on which something waits. */
function Queues({ queues }) {
  const busy = queues.filter((one) => WAITING.some((name) => one[name] > 0));
  const sum = (name) => number(queues.reduce((all, one) => all + one[name], 0));
  return html`
    <section class="card queues"><h2>${t("queue.title")}</h2>
      <dl class="facts">${WAITING.map((name) => html`
        <div key=${name}><dt>${t(`queue.${name}`)}</dt><dd class="big">${sum(name)}</dd></div>`)}</dl>
      ${busy.length > 0 && html`
        <div class="scroll" tabIndex="0" role="region" aria-label=${t("queue.title")}><table>
          <thead><tr><th scope="col">${t("queue.name")}</th>${WAITING.map((name) => html`
            <th scope="col" class="number">${t(`queue.${name}`)}</th>`)}</tr></thead>
          <tbody>${busy.map((one) => html`
            <tr key=${one.entity}><th scope="row"><code>${one.entity}</code></th>${WAITING.map((name) => html`
              <td class="number">${number(one[name])}</td>`)}</tr>`)}</tbody>
        </table></div>`}
    </section>`;
}

export function Today() {
  const from = useLive("/api/figures", { quickest: 5_000, slowest: 30_000 });
  return html`
    <${Title}>${t("today.title")}<//>
    <${Read} from=${from} lines=${6}>${(now) => {
      const acting = now.stuck.count + now.parked.count > 0;
      return html`
        <p class="verdict ${acting ? "bad" : "good"}"><span aria-hidden="true">${acting ? "!" : "✓"}</span><span class="said">${t(acting ? "today.act" : "today.calm")}</span>
          <span class="sub as-of"><${At} at=${now.asOf} as=${(at) => t("today.as_of", { time: clock(at) })} /></span></p>
        <${Attention} now=${now} />
        <${Business} now=${now} />
        <section class="card">${now.lastRun ? html`<${RunProgress} run=${now.lastRun} />`
          : html`<p>${t("today.no_run")}</p><p class="actions"><a class="button primary" href="#/runs">${t("today.start")}</a></p>`}</section>
        <div class="pair">
          <section class="card"><${Days} days=${now.days} title=${t("today.money")} /></section>
          <section class="card"><${Billed} months=${now.months} /></section>
          <${Lines} lines=${now.lines} />
          ${now.queues && html`<${Queues} queues=${now.queues} />`}
        </div>`;
    }}<//>`;
}
