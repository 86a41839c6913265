// Pictures of numbers, drawn here: no library, and a table for who cannot see them.
import { html } from "./ui.js";
import { brief, day, dayOfMonth, month, number, shortMonth, won } from "./format.js";
import { t } from "./text.js";

const HEIGHT = 150;
const SLOT = 30;
const BASE = 122;
/** Between a bar and the sum over it. */
const GAP = 7;

/** A picture of bars: its title, what it says in a sentence, its keys as `[class, name]`, and its table. */
function Bars({ title, summary, slots, keys, head, rows, children }) {
  return html`
    <figure class="months">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${SLOT * slots} ${HEIGHT}" role="img" aria-label=${summary}>${children}</svg>
      <p class="legend">${keys.map(([kind, name]) => html`<span class="key ${kind}"></span>${name}`)}</p>
      <details>
        <summary>${t("chart.table")}</summary>
        <div class="scroll" tabIndex="0" role="region" aria-label=${title}><table>
          <thead><tr>${head.map((name, at) => html`<th scope="col" class=${at > 0 ? "number" : ""}>${name}</th>`)}</tr></thead>
          <tbody>${rows.map(([name, ...cells]) => html`
            <tr key=${name}><th scope="row">${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
        </table></div>
      </details>
    </figure>`;
}

/** The line on which bars stand. */
const Axis = ({ slots, y }) => html`<line class="axis" x1="0" x2=${SLOT * slots} y1=${y + 0.5} y2=${y + 0.5} />`;

const Bar = ({ kind, middle, y, height }) =>
  height > 0 && html`<rect class=${kind} x=${middle - 8} y=${y} width="16" height=${height} rx="4" />`;

/** The sum over a bar; that of the last one ends where its bar does. */
const Value = ({ at, of, y, children }) => html`
  <text class="value ${at === of - 1 ? "end" : ""}" x=${at * SLOT + SLOT / 2 + (at === of - 1 ? 8 : 0)} y=${y}>${children}</text>`;

/** What was billed in each month; the part that is not paid yet is light. */
export function Months({ bars, title }) {
  const most = Math.max(1, ...bars.map((bar) => bar.amount));
  const height = (amount) => Math.round((amount / most) * 90);
  const last = bars.findLastIndex((bar) => bar.amount > 0);
  const highest = bars.findIndex((bar) => bar.amount === most);
  // The newest bar has its sum over it, unless the one before stands in its way; so has the highest one where there is
  // room for both.
  const free = last < 1 || height(bars[last - 1].amount) <= height(bars[last].amount) + GAP / 2;
  const hasSum = (index) => (index === last && free) || (index === highest && (!free || last - highest > 1));
  const billed = bars.filter((bar) => bar.amount > 0);
  const summary = t("chart.summary", { months: billed.length, most: won(Math.max(0, ...bars.map((bar) => bar.amount))) });
  return html`
    <${Bars} title=${title} summary=${summary} slots=${bars.length} keys=${[["paid", t("chart.paid")], ["due", t("chart.due")]]}
      head=${[t("bill.month"), t("bill.amount"), t("bill.outstanding")]}
      rows=${billed.toReversed().map((bar) => [month(bar.month), won(bar.amount), won(bar.outstanding)])}>
      <${Axis} slots=${bars.length} y=${BASE} />
      ${bars.map((bar, index) => {
        const [all, due] = [height(bar.amount), height(bar.outstanding)];
        const middle = index * SLOT + SLOT / 2;
        return html`
          <g key=${bar.month}>
            <${Bar} kind="due" middle=${middle} y=${BASE - all} height=${all} />
            <${Bar} kind="paid" middle=${middle} y=${BASE - all + due} height=${all - due} />
            ${all > 0 && hasSum(index) && html`<${Value} at=${index} of=${bars.length} y=${BASE - all - GAP}>${brief(bar.amount)}<//>`}
            <text class="label" x=${middle} y=${BASE + 18}>${shortMonth(bar.month).replace(/월$/, "")}</text>
          </g>`;
      })}
    <//>`;
}

/** What was charged on each day, upwards, and what was given back, downwards, to one scale. */
export function Days({ days, title }) {
  const [paid, refunded] = [Math.max(1, ...days.map((one) => one.paid)), Math.max(0, ...days.map((one) => one.refunded))];
  const height = (amount) => Math.round((amount / (paid + refunded)) * 90);
  const base = BASE - height(refunded);
  const sum = (name) => days.reduce((all, one) => all + one[name], 0);
  const summary = t("chart.days", { days: days.length, paid: won(sum("paid")), refunded: won(sum("refunded")) });
  return html`
    <${Bars} title=${title} summary=${summary} slots=${days.length} keys=${[["paid", t("chart.charged")], ["refund", t("chart.refunded")]]}
      head=${[t("chart.day"), t("today.orders"), t("chart.payments"), t("chart.charged"), t("chart.refunds"), t("chart.refunded")]}
      rows=${days.toReversed().map((one) => [day(one.date), number(one.orders), number(one.payments), won(one.paid), number(one.refunds), won(one.refunded)])}>
      <${Axis} slots=${days.length} y=${base} />
      ${days.map((one, index) => {
        const middle = index * SLOT + SLOT / 2;
        const [up, down] = [height(one.paid), height(one.refunded)];
        return html`
          <g key=${one.date}>
            <${Bar} kind="paid" middle=${middle} y=${base - up} height=${up} />
            <${Bar} kind="refund" middle=${middle} y=${base + 1} height=${down} />
            ${one.paid === paid && up > 0 && html`<${Value} at=${index} of=${days.length} y=${base - up - GAP}>${brief(one.paid)}<//>`}
            <text class="label ${index === days.length - 1 ? "now" : ""}" x=${middle} y=${BASE + 18}>${dayOfMonth(one.date)}</text>
          </g>`;
      })}
    <//>`;
}

/** Parts of a whole, side by side: `[class, name, count]` each. */
export function Share({ parts }) {
  const all = parts.reduce((sum, [, , count]) => sum + count, 0);
  let at = 0;
  return html`
    <figure class="share">
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="6" />
        ${parts.map(([kind, , count]) => {
          const width = all ? (count / all) * 100 : 0;
          at += width;
          return html`<rect class=${kind} x=${at - width} width=${width} height="6" />`;
        })}
      </svg>
      <figcaption class="legend">${parts.map(([kind, name, count]) => html`
        <span><span class="key ${kind}"></span>${name} <strong>${number(count)}</strong></span>`)}</figcaption>
    </figure>`;
}
