// The numbers that matter now.
import { At, Read, Title, html } from "./ui.js";
import { RunProgress } from "./console-runs.js";
import { moment, number } from "./format.js";
import { t } from "./text.js";
import { useLive } from "./live.js";

const Tile = ({ name, count, href, bad }) => html`
  <li><a class="card tile ${bad && count.count > 0 ? "bad" : ""}" href=${href}>
    <span class="sub">${t(name)}</span><strong>${number(count.count)}${count.more ? "+" : ""}</strong></a></li>`;

export function Today() {
  const from = useLive("/api/figures", { quickest: 5_000, slowest: 30_000 });
  return html`
    <${Title}>${t("today.title")}<//>
    <${Read} from=${from} lines=${6}>${(now) => {
      const acting = now.stuck.count + now.parked.count > 0;
      return html`
        <p class="verdict ${acting ? "bad" : "good"}"><span aria-hidden="true">${acting ? "!" : "✓"}</span>${t(acting ? "today.act" : "today.calm")}</p>
        <ul class="tiles">
          <${Tile} name="today.stuck" count=${now.stuck} href="#/sagas/stuck" bad />
          <${Tile} name="today.parked" count=${now.parked} href="#/parked" bad />
          <${Tile} name="today.running" count=${now.running} href="#/sagas/running" />
          <${Tile} name="today.compensating" count=${now.compensating} href="#/sagas/compensating" />
          <${Tile} name="today.payments" count=${now.openPayments} href="#/sagas/running" />
        </ul>
        <p class="sub">${t("today.oldest")}: ${now.oldestOpenSaga ? html`<${At} at=${now.oldestOpenSaga} as=${moment} />` : t("today.none")}</p>
        <section class="card">${now.lastRun ? html`<${RunProgress} run=${now.lastRun} />`
          : html`<p>${t("today.no_run")}</p><p class="actions"><a class="button primary" href="#/runs">${t("today.start")}</a></p>`}</section>`;
    }}<//>`;
}
