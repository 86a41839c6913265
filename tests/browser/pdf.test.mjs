// A bill as PDF, read by a program that had no part in writing it: Mozilla's.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SOON, start } from "./host.mjs";
import { readPdf } from "./pdf.mjs";

/** What the bill calls a charge, which is not what the API calls it. */
const CHARGES = {
  monthly_fee: "월정액 Monthly fee",
  voice_day: "음성 통화 (주간) Calls by day",
  voice_evening: "음성 통화 (저녁) Calls in the evening",
  voice_night: "음성 통화 (심야) Calls at night",
  voice_international: "국제 전화 International calls",
  sms: "문자 메시지 Text messages",
  data_mb: "데이터 Data",
  contract_discount: "선택약정 할인 Contract discount",
  vat: "부가가치세 VAT",
  rounding: "원단위 절사 Rounding",
};
const UNITS = { month: "월 month", minute: "분 min", message: "건 texts", MB: "MB", won: "원 won" };
const USED = ["voice_day", "voice_evening", "voice_night", "voice_international", "sms", "data_mb"];
const LATE = ["2026-07", "2026-08", "2026-09"];
let host;
/** One bill of a few lines, and one of many, as the API has them. */
let bill;
let long;

before(async () => {
  host = await start();
  await host.setClock("2026-07-01T00:00:00+09:00");
  const many = await host.openLine("many", { plan: "lte-basic" });
  for (const [index, month] of LATE.entries()) {
    await host.setClock(`2026-${String(8 + index).padStart(2, "0")}-01T09:00:00+09:00`);
    await host.runMonth(month);
  }
  await host.setClock("2026-10-01T12:00:00+09:00");
  const few = await host.openLine("reader", { plan: "lte-light", contractMonths: 24, wishNumber: "010-2026-1001" });
  await host.setClock("2026-11-02T10:00:00+09:00");
  // What the second customer used in three months was billed without it, and comes late.
  const rows = [...LATE, "2026-10"].flatMap((month) => usageOf(many.number, month));
  rows.push(["reader", few.number, "voice_day", "401.5", "2026-10-05T12:00:00+09:00"]);
  assert.deepEqual(await host.usage(rows), { accepted: 25, duplicates: 0, rejected: [] });
  await host.runMonth("2026-10");
  [bill, long] = await Promise.all(["reader", "many"].map(billOf));
}, { timeout: 3 * SOON });
after(() => host?.stop());

/** Some usage of every kind, on the first day of a month; messages are whole. */
const usageOf = (number, month) =>
  USED.map((kind, index) => [`${month}-${kind}`, number, kind, `${100 * index + (kind === "sms" ? 40 : 40.5)}`, `${month}-01T12:00:00+09:00`]);

/** A customer's bill for October. */
async function billOf(who) {
  const isIt = ({ usageMonth }) => usageMonth === "2026-10";
  const { bills } = await host.myPage(who, "the bill", (page) => page.bills.some(isIt));
  return host.json(`/api/bills/${bills.find(isIt).billId}`, { who });
}

async function fetchPdf({ billId, customerId }) {
  const headers = { authorization: `Bearer ${await host.token(customerId)}` };
  const response = await fetch(`${host.url}/api/bills/${billId}/document?format=pdf`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/pdf");
  return { bytes: new Uint8Array(await response.arrayBuffer()), tag: response.headers.get("etag") };
}

/** Where the PDF of a bill is stored. */
async function storedAt({ billId }) {
  const folder = join(host.data, "documents/bills");
  const found = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(`${billId}.pdf`));
  assert.equal(found.length, 1, String(found));
  return join(folder, found[0]);
}

const grouped = (number) => number.toLocaleString("en", { maximumFractionDigits: 6 });

/** Holds the table of a PDF to the lines and the total that the API tells. */
function tells({ tables }, bill) {
  const [, ...rows] = tables.flat();
  const expected = bill.lines.map((line) => [CHARGES[line.code], grouped(line.quantity), UNITS[line.unit], grouped(line.amount)]);
  // How an amount follows stands below the name of its charge, in the same cell.
  const charge = (cell, index) => (cell.startsWith(`${expected[index]?.[0]} `) ? expected[index][0] : cell);
  const found = rows.slice(0, -1).map(([name, ...cells], index) => [charge(name, index), ...cells]);
  assert.deepEqual(found, expected);
  assert.deepEqual(rows.at(-1), ["청구 금액 Total", grouped(bill.amount)]);
  const won = rows.slice(0, -1).map((row) => Number(row.at(-1).replaceAll(",", "")));
  assert.equal(won.reduce((sum, amount) => sum + amount, 0), bill.amount);
}

test("another program reads a bill in Korean, and the sums are the API's", { timeout: SOON }, async () => {
  assert.deepEqual(bill.lines.map((line) => line.code), ["monthly_fee", "voice_day", "contract_discount", "vat", "rounding"]);
  assert.equal(bill.dueDate, "2026-11-25");
  const pdf = await readPdf((await fetchPdf(bill)).bytes);
  const { items: plans } = await host.json("/api/plans");
  const plan = plans.find(({ code }) => code === bill.plan).name;
  assert.deepEqual(pdf.headings, ["요금 청구서 Bill"]);
  assert.deepEqual(bill.contract, { from: "2026-10-01", to: "2028-09-30" });
  assert.deepEqual(pdf.paragraphs.slice(0, 8), [
    `청구서 번호 Bill number ${bill.billId}`,
    "사용월 Usage month 2026년 10월 October 2026",
    "전화번호 Phone number 010-2026-1001",
    `요금제 Plan ${plan.ko} ${plan.en}`,
    "약정 기간 Contract 2026년 10월 1일 ~ 2028년 9월 30일 1 October 2026 to 30 September 2028",
    "예상 해지 비용 Exit fee 0원 (할인반환금 없음) 0 won (no discount is taken back)",
    "발행일 Issued 2026년 11월 2일 2 November 2026",
    "납부 기한 Due date 2026년 11월 25일 25 November 2026",
  ]);
  assert.match(pdf.paragraphs[8], /^발행한 때의 청구서입니다/);
  assert.deepEqual(pdf.tables[0][0], ["항목 Item", "수량 Quantity", "단위 Unit", "금액(원) Won"]);
  assert.match(pdf.tables[0][2][0], /단가 108원, 기본 제공 300분 중 300분 사용 at 108 won, 300 of 300 min included$/);
  assert.match(pdf.text, /청구 내역 Charges/);
  assert.deepEqual(pdf.overlaps, []);
  tells(pdf, bill);
});

test("a bill says what it is, in which language, and what each part of it is", { timeout: SOON }, async () => {
  const pdf = await readPdf((await fetchPdf(bill)).bytes);
  assert.equal(pdf.info.Language, "ko");
  assert.equal(pdf.info.Title, `요금 청구서 / Bill ${bill.billId}`);
  assert.equal(pdf.info.PDFFormatVersion, "1.7");
  assert.equal(pdf.mark.Marked, true);
  for (const role of ["H1", "P", "Table", "Caption", "TR", "TH", "TD"]) assert.ok(pdf.roles.has(role), role);
  assert.deepEqual(pdf.untold, ["1 / 1"], "what is drawn and not told is only the number of the page");
  assert.ok(pdf.fonts.length > 0 && pdf.fonts.every((font) => font.embedded), JSON.stringify(pdf.fonts));
});

test("rendered again later, after it was paid, a bill is the same bytes", { timeout: SOON }, async () => {
  const first = await fetchPdf(bill);
  const file = await storedAt(bill);
  assert.deepEqual(new Uint8Array(await readFile(file)), first.bytes);

  const who = bill.customerId;
  const { sagaId } = await host.pay(who, bill);
  assert.equal((await host.sagaEnds(sagaId, who)).status, "completed");
  await host.setClock("2027-03-09T23:59:59+09:00");
  await rm(file);
  const second = await fetchPdf(bill);
  assert.ok(existsSync(file), "it was rendered again");
  assert.deepEqual(second, first);
});

test("a bill of many lines goes on over pages, and nothing of it is lost or told twice", { timeout: SOON }, async () => {
  assert.ok(long.lines.length >= 26, `${long.lines.length} lines`);
  const first = await fetchPdf(long);
  const pdf = await readPdf(first.bytes);
  const count = pdf.pages.length;
  assert.ok(count >= 2, `${count} pages`);
  assert.deepEqual(pdf.overlaps, []);
  tells(pdf, long);
  // Where the table goes on, its head is drawn again, and not told again.
  const head = ["항목 Item 수량 Quantity 단위 Unit 금액(원) Won"];
  assert.deepEqual(pdf.untold, pdf.pages.flatMap((_, index) => [...(index > 0 ? head : []), `${index + 1} / ${count}`]));
  await rm(await storedAt(long));
  assert.deepEqual(await fetchPdf(long), first);
});
