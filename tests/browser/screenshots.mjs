// Takes the pictures of the documents: a customer and an operator in the middle of an ordinary month. Run by
// `cargo xtask screenshots`; the folder to write to is the argument.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DESK, PHONE, launch, signIn, visit } from "./browser.mjs";
import { start, until } from "./host.mjs";

const FOLDER = resolve(process.argv[2]);
const [MYPAGE, CONSOLE] = ["/api/web/mypage", "/api/web/console"];
/** Demo customers of the sign-in page, by their ids; the first one is who the pictures are of. */
const CUSTOMERS = ["kim-minji", "lee-jun", "park-seoyeon", "choi-doyun"];
const [KIM, LEE] = CUSTOMERS;
const KIM_SAYS = "김민지";
const OPERATOR = "청구 운영자";
/** Without this function a charge is never taken to its bill: the saga runs into its deadline, its message into its end. */
const OFF = "bill_on_payment_captured";
const NOW = "2026-11-03T10:00:00+09:00";
const MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"];
/** Minutes and megabytes of each month, so that no two bars are alike. */
const HABITS = [[310, 2100], [365, 2700], [402, 2600], [288, 3400], [450, 2900], [390, 4100], [520, 3800], [430, 3000], [610, 3300], [401.5, 3650]];

const following = (month) => (month.endsWith("12") ? `${Number(month.slice(0, 4)) + 1}-01` : `${month.slice(0, 5)}${String(Number(month.slice(5)) + 1).padStart(2, "0")}`);

async function payAndWait(host, who, bill) {
  const payment = await host.pay(who, bill);
  await host.sagaEnds(payment.sagaId, who);
  return payment;
}

/** Bills months, each at the beginning of the next one, and pays them but the last. */
async function bill(host, lines, months) {
  for (const month of months) {
    const index = MONTHS.indexOf(month);
    const [minutes, data] = HABITS[index];
    await host.setClock(`${following(month)}-02T09:00:00+09:00`);
    await host.usage(lines.flatMap(({ number }, place) => [
      [`${number}-${month}-1`, number, "voice_day", Math.round(minutes / (place + 1)), `${month}-12T10:00:00+09:00`],
      [`${number}-${month}-2`, number, "voice_evening", 40 + index * 7, `${month}-14T20:00:00+09:00`],
      [`${number}-${month}-3`, number, "data_mb", data, `${month}-20T12:00:00+09:00`],
      [`${number}-${month}-4`, number, "sms", 60 + index * 9, `${month}-21T12:00:00+09:00`],
    ]));
    await host.runMonth(month);
    for (const who of [KIM, LEE]) {
      const due = lines.filter((line) => line.who === who).length;
      const its = (page) => page.bills.filter((one) => one.usageMonth === month);
      const page = await host.myPage(who, `the bills of ${month}`, (view) => its(view).length === due);
      if (month !== MONTHS.at(-1)) for (const one of its(page)) await payAndWait(host, who, one);
    }
  }
}

/** The last bill of Kim's first line. */
async function newest(host) {
  const { bills, lines: [first] } = await host.json("/api/mypage", { who: KIM });
  return bills.find((one) => one.usageMonth === MONTHS.at(-1) && one.orderId === first.orderId);
}

/** Kim pays by mistake and has it cancelled. */
async function cancel(host) {
  const payment = await payAndWait(host, KIM, await newest(host));
  const path = `/api/payments/${payment.paymentId}/cancellation`;
  const { sagaId } = await host.json(path, { method: "POST", who: KIM, key: "cancel", body: { reason: "잘못 납부했습니다" } });
  await host.sagaEnds(sagaId, KIM);
  await host.myPage(KIM, "the refund", (page) => page.payments.some((one) => one.status === "cancelled"));
}

/** Most of a year: a line each of two customers, later a second one of the first; all is paid but the last month. */
async function ordinaryYear() {
  const host = await start();
  const open = async (who, at, order) => {
    await host.setClock(at);
    return { who, number: (await host.openLine(who, order)).number };
  };
  const lines = [
    await open(KIM, "2026-01-02T08:00:00+09:00", { plan: "lte-light", contractMonths: 24, wishNumber: "010-2345-6789" }),
    await open(LEE, "2026-01-02T08:30:00+09:00", { plan: "lte-basic", wishNumber: "010-3456-7890" }),
  ];
  await bill(host, lines, MONTHS.slice(0, 8));
  lines.push(await open(KIM, "2026-09-02T10:00:00+09:00", { plan: "5g-standard", wishNumber: "010-4567-8901" }));
  await bill(host, lines, MONTHS.slice(8));
  await host.setClock("2026-11-02T11:00:00+09:00");
  await cancel(host);
  await host.setClock(NOW);
  return host;
}

/** A month with trouble: one charge is stuck half way, and a message of another one died. */
async function trouble() {
  const host = await start({ off: [OFF] });
  await host.setClock("2026-10-05T10:00:00+09:00");
  for (const who of CUSTOMERS) await host.openLine(who, { plan: "lte-light" });
  await host.setClock("2026-11-02T10:00:00+09:00");
  await host.runMonth("2026-10");
  const charge = async (who, card) => {
    const { bills: [one] } = await host.myPage(who, "the bill", (page) => page.bills.length === 1);
    const payment = await host.pay(who, one, card);
    await host.charged(payment, who);
    return payment.sagaId;
  };
  const charged = [[KIM, await charge(KIM, "refund_refused")], [LEE, await charge(LEE, "approve")]];
  await host.setClock("2026-11-02T10:15:00+09:00");
  const [stuck] = await Promise.all(charged.map(([who, saga]) => host.sagaEnds(saga, who)));
  // Longer than the bus keeps what nobody takes.
  await host.setClock("2026-11-20T10:00:00+09:00");
  await until("the dead letters", async () => (await host.json("/api/parked?limit=10", { who: "operator-1" })).items.length >= 2);
  return { host, stuck: stuck.sagaId };
}

/** A page as it stands, when nothing is loading any more; `whole` takes what is below the screen as well. */
async function picture(page, name, { whole = false } = {}) {
  await page.locator("h1").waitFor();
  await page.waitForFunction(() => !document.querySelector(".skeleton, [aria-busy=true]"));
  // A click leaves its mark on what it hit.
  await page.evaluate(() => document.activeElement?.blur());
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: whole, animations: "disabled", caret: "hide" });
}

/** The first page of a PDF as Mozilla's reader draws it, in the browser. */
async function paper(page, bytes) {
  const modules = dirname(fileURLToPath(import.meta.resolve("pdfjs-dist/legacy/build/pdf.mjs")));
  await page.route("**/reader/*", async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    const body = name === "index.html" ? "<!doctype html><body style='margin:0'><canvas></canvas>" : await readFile(join(modules, name), "utf8");
    await route.fulfill({ contentType: name.endsWith(".mjs") ? "text/javascript" : "text/html", body });
  });
  await page.goto("/reader/index.html");
  await page.evaluate(async (data) => {
    const { GlobalWorkerOptions, getDocument } = await import("/reader/pdf.min.mjs");
    GlobalWorkerOptions.workerSrc = "/reader/pdf.worker.min.mjs";
    const pdf = await getDocument({ data: Uint8Array.from(atob(data), (char) => char.charCodeAt(0)) }).promise;
    const sheet = await pdf.getPage(1);
    const viewport = sheet.getViewport({ scale: 1.35 });
    const canvas = document.querySelector("canvas");
    Object.assign(canvas, { width: viewport.width, height: viewport.height });
    await sheet.render({ canvas, viewport }).promise;
  }, Buffer.from(bytes).toString("base64"));
  await writeFile(join(FOLDER, "bill-pdf.png"), await page.locator("canvas").screenshot());
}

async function customer(browser, host) {
  const { billId } = await newest(host);
  const shown = async (settings, story) => visit(browser, host, settings, async (page) => {
    await page.clock.setFixedTime(NOW);
    await signIn(page, MYPAGE, KIM_SAYS);
    await page.locator(".hero").waitFor();
    await story(page);
  });
  await shown({ screen: DESK }, async (page) => {
    await picture(page, "mypage-desk", { whole: true });
    await page.goto(`${MYPAGE}#/bills/${billId}`);
    await page.locator(".charges").waitFor();
    await picture(page, "bill-desk", { whole: true });
  });
  await shown({ screen: PHONE, dark: true }, (page) => picture(page, "mypage-phone-dark"));
  await shown({ screen: PHONE, language: "en" }, async (page) => {
    await page.goto(`${MYPAGE}#/bills/${billId}`);
    await page.locator(".charges").waitFor();
    await picture(page, "bill-phone-english");
  });
  const headers = { authorization: `Bearer ${await host.token(KIM)}` };
  const pdf = await fetch(`${host.url}/api/bills/${billId}/document?format=pdf`, { headers });
  await visit(browser, host, { screen: DESK }, async (page) => paper(page, await pdf.arrayBuffer()));
}

/** Shows the console at a time, and tells a story on it. */
const atConsole = (browser, host, now) => (settings, story) => visit(browser, host, settings, async (page) => {
  await page.clock.setFixedTime(now);
  await signIn(page, CONSOLE, OPERATOR);
  await page.locator(".tiles").first().waitFor();
  await story(page);
});

async function operator(browser, year, { host, stuck }) {
  await atConsole(browser, year, NOW)({ screen: DESK }, (page) => picture(page, "console-desk", { whole: true }));
  const shown = atConsole(browser, host, "2026-11-20T10:00:00+09:00");
  await shown({ screen: DESK }, async (page) => {
    await page.goto(`${CONSOLE}#/sagas/stuck`);
    await page.locator(".choice [aria-current]").waitFor();
    await page.goto(`${CONSOLE}#/sagas/${stuck}`);
    await page.locator(".timeline .undo_failed").waitFor();
    await picture(page, "saga-desk", { whole: true });
  });
  await shown({ screen: DESK, language: "en", dark: true }, async (page) => {
    await page.goto(`${CONSOLE}#/parked`);
    await page.locator("[data-id]").first().waitFor();
    await picture(page, "parked-desk-english-dark");
  });
}

const browser = await launch();
const hosts = [];
try {
  const year = await ordinaryYear();
  hosts.push(year);
  await customer(browser, year);
  const troubled = await trouble();
  hosts.push(troubled.host);
  await operator(browser, year, troubled);
} finally {
  await browser.close();
  await Promise.all(hosts.map((host) => host.stop()));
}
