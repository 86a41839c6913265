// The local host that the tests play against: a process of its own, with data of its own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");
/** Milliseconds within which something is there, or never. */
export const SOON = 60_000;

/** Asks until there is an answer that counts. */
export async function until(what, ask) {
  const end = Date.now() + SOON;
  for (let pause = 10; ; pause = Math.min(pause * 2, 500)) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, pause));
  }
}

/** Starts a local host; the functions `off` are switched off, so their messages wait until they expire. */
export async function start({ off = [] } = {}) {
  const program = process.env.LOCAL_HOST;
  if (!program) throw new Error("LOCAL_HOST names the local host's program; `cargo xtask test --only browser` sets it");
  const data = await mkdtemp(join(tmpdir(), "browser-"));
  // With this variable, it ends when its standard input does, so it never outlives the tests.
  const switches = Object.fromEntries(off.map((name) => [`AzureWebJobs.${name}.Disabled`, "true"]));
  const env = { ...process.env, ...switches, LOCAL_HOST_WATCH_STDIN: "1" };
  const child = spawn(program, ["--port", "0", "--data", data], { cwd: ROOT, env, stdio: ["pipe", "pipe", "pipe"] });
  const log = [];
  const address = new Promise((done, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        const found = /^\s*Home\s+(http:\/\/\S+?)\/?$/.exec(line);
        if (found) done(found[1]);
      });
    }
    child.on("exit", () => fail(new Error(`the local host ended:\n${log.slice(-30).join("\n")}`)));
  });
  const host = new Host(await address, child, data, off);
  await until("the handler", async () => (await fetch(`${host.url}/api/ready`)).ok);
  return host;
}

/** A running local host, and what a test does to it directly. */
export class Host {
  constructor(url, child, data, off) {
    // A subscription is named after its function.
    const deaf = off.map((name) => name.replaceAll("_", "-"));
    Object.assign(this, { url, child, data, deaf });
  }

  async json(path, { method = "GET", who, body, key, type = "application/json" } = {}) {
    const headers = { ...(body !== undefined && { "content-type": type }), ...(key && { "idempotency-key": key }) };
    if (who) headers.authorization = `Bearer ${await this.token(who)}`;
    const text = type === "application/json" && body !== undefined ? JSON.stringify(body) : body;
    const response = await fetch(this.url + path, { method, headers, body: text });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async token(who) {
    const roles = [who.startsWith("operator") ? "operator" : "customer"];
    return (await this.json("/dev/token", { method: "POST", body: { sub: who, roles } })).access_token;
  }

  /** Sets the clock, once every message is handled: a leap lets those that wait expire. */
  async setClock(now) {
    await until("quiet on the bus", async () => {
      const { sources } = await this.json("/dev/bus");
      const heard = Object.entries(sources).filter(([path]) => !this.deaf.some((name) => path.endsWith(name)));
      return heard.every(([, counts]) => counts.active + counts.locked === 0);
    });
    await this.json("/dev/clock", { method: "PUT", body: { now } });
  }

  /** Opens a line and waits until it works. */
  async openLine(who, order) {
    const { orderId, sagaId } = await this.json("/api/orders", { method: "POST", who, body: order });
    await this.sagaEnds(sagaId, who);
    return this.json(`/api/orders/${orderId}`, { who });
  }

  sagaEnds(saga, who) {
    return until(`the end of ${saga}`, async () => {
      const found = await this.json(`/api/sagas/${saga}`, { who }).catch(() => null);
      return found && ["completed", "compensated", "stuck"].includes(found.status) && found;
    });
  }

  /** Bills a month and waits until it is done. */
  async runMonth(usageMonth) {
    const who = "operator-1";
    await this.json("/api/billing-runs", { method: "POST", who, body: { usageMonth } });
    await until(`the run of ${usageMonth}`, async () => (await this.json(`/api/billing-runs/${usageMonth}`, { who })).status === "completed");
  }

  myPage(who, what, found) {
    return until(what, async () => {
      const page = await this.json("/api/mypage", { who });
      return found(page) && page;
    });
  }

  /** Gives a customer a line and an unpaid bill for October, and answers with the bill. */
  async withBill(who, plan = "lte-light") {
    await this.setClock("2026-10-05T10:00:00+09:00");
    const line = await this.openLine(who, { plan });
    await this.usage([[`${who}-1`, line.number, "voice_day", 400, "2026-10-05T09:59:59+09:00"]]);
    await this.setClock("2026-11-02T10:00:00+09:00");
    await this.runMonth("2026-10");
    const page = await this.myPage(who, "the bill", (view) => view.bills.length === 1);
    return page.bills[0];
  }

  /** Pays all that is due on a bill; nothing is waited for. */
  async pay(who, bill, card = "approve") {
    const form = { card, amount: bill.outstanding, orderId: bill.billId };
    const { paymentKey } = await this.json("/dev/payment-keys", { method: "POST", body: form });
    const body = { billId: bill.billId, paymentKey };
    const { paymentId, sagaId } = await this.json("/api/payments", { method: "POST", who, key: `pay-${bill.billId}-${card}`, body });
    return { bill, paymentId, sagaId, paymentKey };
  }

  /** A payment that is done, and in the view. */
  async paidPayment(who) {
    const payment = await this.pay(who, await this.withBill(who));
    await this.sagaEnds(payment.sagaId, who);
    await this.myPage(who, "the payment", (page) => page.payments[0]?.status === "completed");
    return payment;
  }

  /** Waits until the record of a payment's saga has the charge. */
  charged({ sagaId }, who) {
    return until("the charge on record", async () => {
      const saga = await this.json(`/api/sagas/${sagaId}`, { who }).catch(() => null);
      return saga?.steps[0].state === "succeeded";
    });
  }

  /** A payment that is charged and goes no further, on a host without `bill_on_payment_captured`. */
  async heldPayment(who, card) {
    const payment = await this.pay(who, await this.withBill(who), card);
    await this.charged(payment, who);
    return payment;
  }

  /** A payment whose saga cannot be undone, because the gateway refuses the refund: its saga is stuck. */
  async stuckPayment(who) {
    const held = await this.heldPayment(who, "refund_refused");
    await this.setClock("2026-11-02T10:15:00+09:00");
    const saga = await this.sagaEnds(held.sagaId, who);
    if (saga.status !== "stuck") throw new Error(`the saga is ${saga.status}`);
    return held;
  }

  usage(rows) {
    const body = ["recordId,number,type,quantity,usedAt", ...rows.map((row) => row.join(","))].join("\n");
    return this.json("/api/usage", { method: "POST", who: "operator-1", body, type: "text/csv" });
  }

  async stop() {
    const gone = new Promise((done) => this.child.once("exit", done));
    this.child.removeAllListeners("exit");
    this.child.once("exit", () => {});
    this.child.kill("SIGKILL");
    await Promise.race([gone, new Promise((done) => setTimeout(done, 2_000))]);
    await rm(this.data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
