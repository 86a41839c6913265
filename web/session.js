// Who is signed in: an OpenID Connect authorization code flow with PKCE (RFC 7636). The token stays in this tab.

const TOKEN = "token";
const PENDING = "sign-in";
/** Milliseconds before its end from which a token is no longer used. */
const MARGIN = 30_000;

let settings;

/** What the handler tells the pages: where to sign in, and which payment form to open. */
export function loadSettings() {
  settings ??= fetch("/api/web/settings").then((response) => {
    if (!response.ok) throw new Error(`settings: ${response.status}`);
    return response.json();
  }).catch((error) => {
    settings = undefined;
    throw error;
  });
  return settings;
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const chance = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const here = () => location.origin + location.pathname;

async function configuration(issuer) {
  const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (!response.ok) throw new Error(`issuer: ${response.status}`);
  return response.json();
}

/** Leaves for the issuer's page; it sends the customer back here. */
export async function signIn() {
  const { signIn: wish } = await loadSettings();
  if (!wish) throw new Error("sign-in is not configured");
  const { authorization_endpoint: endpoint } = await configuration(wish.issuer);
  const [verifier, state] = [chance(), chance()];
  sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, hash: location.hash }));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const url = new URL(endpoint);
  const values = {
    response_type: "code",
    client_id: wish.clientId,
    redirect_uri: here(),
    scope: wish.scope,
    state,
    code_challenge: base64url(new Uint8Array(hash)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Takes up the answer of the issuer, when the address holds one. True when somebody is signed in now. */
export async function finishSignIn() {
  const answer = new URLSearchParams(location.search);
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  if (!answer.has("state") || !pending) return signedIn();
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", location.pathname + pending.hash);
  if (answer.get("state") !== pending.state || !answer.has("code")) throw new Error(answer.get("error") ?? "state");
  const { signIn: wish } = await loadSettings();
  const { token_endpoint: endpoint } = await configuration(wish.issuer);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: wish.clientId,
    code: answer.get("code"),
    redirect_uri: here(),
    code_verifier: pending.verifier,
  });
  const response = await fetch(endpoint, { method: "POST", body });
  if (!response.ok) throw new Error(`token: ${response.status}`);
  const { access_token: token, expires_in: seconds } = await response.json();
  const until = Date.now() + seconds * 1000;
  sessionStorage.setItem(TOKEN, JSON.stringify({ token, until, ahead: claims(token).exp * 1000 - until }));
  return true;
}

/** The access token, while it is good. */
export function token() {
  const kept = JSON.parse(sessionStorage.getItem(TOKEN) ?? "null");
  return kept && kept.until - MARGIN > Date.now() ? kept.token : null;
}

export const signedIn = () => token() !== null;

/** Whether somebody was signed in whose token is good no more. */
export const expired = () => sessionStorage.getItem(TOKEN) !== null && !signedIn();

/** The token is good no more; what the customer was doing stays, for who signs in again. */
export function expire() {
  // Who signed out meanwhile has no token that could end.
  if (sessionStorage.getItem(TOKEN) !== null) sessionStorage.setItem(TOKEN, JSON.stringify({ until: 0 }));
}

/** Forgets everything about who was signed in. */
export function signOut() {
  sessionStorage.clear();
}

/** What a token says; the handler checks it, the page only shows it. */
function claims(signed) {
  const part = signed.split(".")[1];
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Milliseconds that the service is ahead of the browser: both said when the token ends, each by its own clock. */
export function ahead() {
  return JSON.parse(sessionStorage.getItem(TOKEN) ?? "null")?.ahead ?? 0;
}

/** Who is signed in, by the token. */
export function who() {
  const signed = token();
  if (!signed) return null;
  const { sub, roles = [] } = claims(signed);
  return { id: sub, customer: roles.includes("customer"), operator: roles.includes("operator") };
}
