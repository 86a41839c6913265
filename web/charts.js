// Pictures of numbers, drawn here: no library, and a table for who cannot see them.
import { html } from "./ui.js";
import { month, shortMonth, won } from "./format.js";
import { t } from "./text.js";

const HEIGHT = 150;
const SLOT = 30;
const BASE = 122;

/** A number with at most three digits and its unit, as it fits over a bar. */
function short(amount) {
  if (amount < 10_000) return new Intl.NumberFormat("en").format(amount);
  return t("chart.short", { amount: Math.round(amount / 1000) / 10, thousands: Math.round(amount / 1000) });
}

/** What was billed in each of twelve months; the part that is not paid yet is light. */
export function Months({ bars, title }) {
  const most = Math.max(1, ...bars.map((bar) => bar.amount));
  const height = (amount) => Math.round((amount / most) * 90);
  const last = bars.findLastIndex((bar) => bar.amount > 0);
  const highest = bars.findIndex((bar) => bar.amount === most);
  // The newest bar has its sum over it, and so has the highest one where there is room for both.
  const hasSum = (index) => index === last || (index === highest && last - highest > 1);
  return html`
    <figure class="months">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${SLOT * bars.length} ${HEIGHT}" role="img" aria-label=${t("chart.summary", {
        months: bars.filter((bar) => bar.amount > 0).length,
        most: won(Math.max(...bars.map((bar) => bar.amount))),
      })}>
        <line class="axis" x1="0" x2=${SLOT * bars.length} y1=${BASE + 0.5} y2=${BASE + 0.5} />
        ${bars.map((bar, index) => {
          const [all, due] = [height(bar.amount), height(bar.outstanding)];
          const middle = index * SLOT + SLOT / 2;
          return html`
            <g key=${bar.month}>
              ${all > 0 && html`<rect class="due" x=${middle - 8} y=${BASE - all} width="16" height=${all} rx="4" />`}
              ${all - due > 0 && html`<rect class="paid" x=${middle - 8} y=${BASE - all + due} width="16" height=${all - due} rx="4" />`}
              ${all > 0 && hasSum(index) && html`
                <text class="value" x=${middle} y=${BASE - all - 7}>${short(bar.amount)}</text>`}
              <text class="label ${index === bars.length - 1 ? "now" : ""}" x=${middle} y=${BASE + 18}>${shortMonth(bar.month).replace(/월$/, "")}</text>
            </g>`;
        })}
      </svg>
      <p class="legend"><span class="key paid"></span>${t("chart.paid")}<span class="key due"></span>${t("chart.due")}</p>
      <details>
        <summary>${t("chart.table")}</summary>
        <div class="scroll" tabIndex="0" role="region" aria-label=${title}><table>
          <thead><tr><th scope="col">${t("bill.month")}</th><th scope="col" class="number">${t("bill.amount")}</th>
            <th scope="col" class="number">${t("bill.outstanding")}</th></tr></thead>
          <tbody>${bars.toReversed().filter((bar) => bar.amount > 0).map((bar) => html`
            <tr key=${bar.month}><th scope="row">${month(bar.month)}</th><td class="number">${won(bar.amount)}</td>
              <td class="number">${won(bar.outstanding)}</td></tr>`)}</tbody>
        </table></div>
      </details>
    </figure>`;
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
        <span><span class="key ${kind}"></span>${name} <strong>${count.toLocaleString()}</strong></span>`)}</figcaption>
    </figure>`;
}
