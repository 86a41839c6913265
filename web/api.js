// Calls to the API. Every failure is an `ApiError` with the stable code of the problem.
import { useRef, useState } from "./vendor-hooks.js";
import { expire, token } from "./session.js";

/** Times that a request is tried when nobody answered, or when the answer was to try again. */
const TRIES = 4;
/** Milliseconds before the second try; they double. */
const PAUSE = 400;

/** A request that failed: `code` is the problem's, or `offline`. */
export class ApiError extends Error {
  constructor(code, problem = {}) {
    super(code);
    this.code = code;
    this.problem = problem;
  }
}

let onSignedOut = () => {};

/** Called when the token is good no more. */
export function whenSignedOut(then) {
  onSignedOut = then;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** One request; the tries of one have the same key, so that it has its effect once. */
async function call(path, options) {
  for (let tries = 1; ; tries += 1) {
    let response;
    try {
      response = await fetch(path, { ...options, cache: "no-store" });
    } catch {
      if (tries >= TRIES) throw new ApiError("offline");
    }
    const again = !response || response.status === 503 || response.status === 502;
    if (!again || tries >= TRIES) return response;
    await pause(PAUSE * 2 ** (tries - 1));
  }
}

async function failure(response) {
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) {
    expire();
    onSignedOut();
  }
  return new ApiError(problem.code ?? (response.status >= 500 ? "unavailable" : "internal"), problem);
}

function headers(more) {
  const bearer = token();
  return { ...(bearer && { authorization: `Bearer ${bearer}` }), ...more };
}

/**
 * Reads; with the tag of what is held, an answer that is the same has no data. With `wait`, what was only just asked
 * for is waited for, that many seconds.
 */
export async function get(path, { tag, wait } = {}) {
  const asked = { ...(tag && { "if-none-match": tag }), ...(wait && { prefer: `wait=${wait}` }) };
  const response = await call(path, { headers: headers(asked) });
  if (response.status === 304) return { changed: false };
  if (!response.ok) throw await failure(response);
  return { changed: true, data: await response.json(), tag: response.headers.get("etag") };
}

/** A path for an operator, who says whose thing it is; a customer's own things need no such word. */
export function withCustomer(path, customer) {
  return customer ? `${path}${path.includes("?") ? "&" : "?"}customerId=${encodeURIComponent(customer)}` : path;
}

/** Reads a document as it is. */
export async function getBlob(path) {
  const response = await call(path, { headers: headers() });
  if (!response.ok) throw await failure(response);
  return response.blob();
}

/** Asks for something to be done, once for each key. */
export async function post(path, body, key, type = "application/json") {
  const text = type === "application/json" && body !== undefined ? JSON.stringify(body) : body;
  const response = await call(path, {
    method: "POST",
    body: text,
    headers: headers({ ...(text !== undefined && { "content-type": type }), ...(key && { "idempotency-key": key }) }),
  });
  if (!response.ok) throw await failure(response);
  return response.json();
}

/** Failures after which the same wish may still be fulfilled under its key. */
export const OPEN = new Set(["offline", "unavailable", "issuer_unavailable", "deadline_exceeded", "idempotency_key_in_flight"]);

/**
 * Something that a person wants done once. However often it is asked for, it is one request with one key until there is
 * an answer to it; after an answer, or when it is something else that is wanted, there is another key. What else is
 * wanted meanwhile is a request of its own: the answer to one wish says nothing of another.
 */
export function useIntent() {
  const held = useRef({});
  const [busy, setBusy] = useState(false);
  const send = (path, body, type) => {
    const wish = JSON.stringify([path, body]);
    if (held.current.wish !== wish) held.current = { wish, key: crypto.randomUUID() };
    const intent = held.current;
    if (intent.under_way) return intent.under_way;
    setBusy(true);
    const over = (kept) => {
      intent.under_way = null;
      if (!kept) intent.wish = null;
      if (held.current === intent) setBusy(false);
    };
    intent.under_way = post(path, body, intent.key, type).then(
      (answer) => {
        over(false);
        return answer;
      },
      (error) => {
        over(OPEN.has(error.code));
        throw error;
      },
    );
    return intent.under_way;
  };
  return { busy, send };
}

/**
 * A question that a window asks before something is done: what is `asked` (null when it is closed), what `failed`, and
 * the `answer`. It is asked afresh each time, so that what came to nothing can be tried again. `send` answers with
 * nothing when it failed.
 */
export function useQuestion() {
  const [asked, setAsked] = useState(null);
  const [failed, setFailed] = useState(null);
  const [answer, setAnswer] = useState(null);
  const intent = useIntent();
  const ask = (what = true) => {
    setAsked(what);
    setFailed(null);
    setAnswer(null);
  };
  const send = async (path, body) => {
    setFailed(null);
    try {
      const said = await intent.send(path, body);
      setAnswer(said);
      return said;
    } catch (error) {
      setFailed(error);
      return undefined;
    }
  };
  const leave = () => {
    setAsked(null);
    setFailed(null);
  };
  return { asked, failed, answer, busy: intent.busy, ask, leave, send };
}
