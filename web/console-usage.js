// Taking in a usage file, and the report of what was rejected and why.
import { Failed, Title, announce, html, save, useRef, useState } from "./ui.js";
import { Share } from "./charts.js";
import { named, t } from "./text.js";
import { ApiError, useIntent } from "./api.js";

/** Rejected records that are shown; the report to download has all. */
const SHOWN = 100;

const isCsv = (file) => !/\.(ndjson|jsonl|json)$/i.test(file.name);

/** What is in a file, unless it is not the one any more that was chosen: browsers do not read a file that has changed. */
const textOf = (file) => file.text().catch(() => {
  throw new ApiError("file_changed");
});

function Report({ result, lines, name }) {
  const { accepted, duplicates, rejected } = result;
  const shown = rejected.slice(0, SHOWN);
  const download = () => {
    const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
    const rows = rejected.map(({ line, reason }) => [line, reason, quoted(lines[line - 1] ?? "")].join(","));
    // Spreadsheets take a file for one of an old code page unless it begins with this mark.
    save(new Blob(["\ufeff", ["line,reason,text", ...rows].join("\n")], { type: "text/csv" }), `rejected-${name.replace(/\.[^.]+$/, "")}.csv`);
  };
  return html`<section class="card"><h2>${t("usage.result", { name })}</h2>
    <${Share} parts=${[["issued", t("usage.accepted"), accepted], ["skipped", t("usage.duplicates"), duplicates], ["parked", t("usage.rejected"), rejected.length]]} />
    ${rejected.length > 0 && html`
      <h3>${t("usage.rejected")}</h3>
      ${rejected.length > SHOWN && html`<p class="sub">${t("usage.first", { count: SHOWN })}</p>`}
      <div class="scroll" tabIndex="0" role="region" aria-label=${t("usage.rejected")}><table>
        <thead><tr><th scope="col" class="number">${t("usage.line")}</th><th scope="col">${t("usage.why")}</th><th scope="col">${t("usage.text")}</th></tr></thead>
        <tbody>${shown.map(({ line, reason }) => html`<tr key=${`${line} ${reason}`}><td class="number">${line}</td>
          <td>${named("usage_reason", reason)}</td><td><code>${(lines[line - 1] ?? "").slice(0, 80)}</code></td></tr>`)}</tbody></table></div>
      <p class="actions"><button type="button" onClick=${download}>${t("usage.report")}</button></p>`}
  </section>`;
}

export function Usage() {
  const [file, setFile] = useState(null);
  const [report, setReport] = useState(null);
  const [failed, setFailed] = useState(null);
  const [missing, setMissing] = useState(false);
  const input = useRef(null);
  const intent = useIntent();
  const choose = (event) => {
    setFile(event.target.files[0] ?? null);
    setReport(null);
    setFailed(null);
    setMissing(false);
  };
  const send = async (event) => {
    event.preventDefault();
    if (intent.busy) return;
    if (!file) {
      setMissing(true);
      input.current.focus();
      return;
    }
    setFailed(null);
    try {
      const text = await textOf(file);
      const result = await intent.send("/api/usage", text, isCsv(file) ? "text/csv" : "application/x-ndjson");
      setReport({ result, lines: text.split(/\r?\n/), name: file.name });
      announce(`${t("usage.accepted")} ${result.accepted}, ${t("usage.rejected")} ${result.rejected.length}`);
    } catch (error) {
      setReport(null);
      setFailed(error);
      if (error.code !== "file_changed") return;
      // A browser tells of no choice when it is the same file.
      input.current.value = "";
      setFile(null);
    }
  };
  return html`
    <${Title}>${t("usage.title")}<//>
    <section class="card"><form class="bar" onSubmit=${send}>
      <p class="field"><strong id="file-label">${t("usage.file")}</strong>
        <span class="file"><label class="button" for="file">${t("usage.choose")}</label>
          <input class="hidden" id="file" type="file" accept=".csv,.ndjson,.jsonl,text/csv" ref=${input} disabled=${intent.busy} aria-labelledby="file-label file-name"
            aria-describedby="file-help" aria-invalid=${missing ? "true" : undefined} onChange=${choose} />
          <span id="file-name">${file?.name ?? t("usage.no_file")}</span></span>
        ${missing && html`<span class="error" role="alert">${t("usage.choose_first")}</span>`}
        <span class="sub" id="file-help">${t("usage.help")}</span></p>
      <button class="primary" aria-disabled=${intent.busy ? "true" : undefined} aria-busy=${intent.busy ? "true" : undefined}>${t("usage.send")}</button>
    </form>${failed && html`<${Failed} error=${failed} />`}</section>
    ${report && html`<${Report} ...${report} />`}`;
}
