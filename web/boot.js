// Runs before everything else. While a new build takes over, what this page asks for may reach an instance of another
// build, which does not have it: then the page is loaded again, a few times, and says so when that does not help.
// A page of any build may run this file, so it relies on nothing of the page but the addresses of its files.
(() => {
  const FILES = "/api/web/assets/";
  const KEPT = "reloads";
  /** Milliseconds before the page is loaded again, the first time and after that. */
  const DELAYS = [1_000, 2_000, 4_000];
  /** Milliseconds after which earlier times do not count. */
  const FORGOTTEN = 60_000;
  let failed = false;

  /** How often the page was loaded again of late. */
  function reloads() {
    const { count = 0, at = 0 } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    return Date.now() - at < FORGOTTEN ? count : 0;
  }

  function element(name, about, ...content) {
    const made = Object.assign(document.createElement(name), about);
    made.append(...content);
    return made;
  }

  function say() {
    const again = element("button", { className: "primary", type: "button" }, 
      "다시 시도 / ", element("span", { lang: "en" }, "Try again"));
    again.addEventListener("click", () => {
      sessionStorage.removeItem(KEPT);
      location.reload();
    });
    const text = element("div", { className: "view" },
      element("h1", {}, "화면을 불러오지 못했습니다"),
      element("p", {}, "서비스를 업데이트하는 중이거나 연결이 끊겼습니다. 잠시 후 다시 시도해 주세요."),
      element("p", { lang: "en" }, "This page could not be loaded: the service is being updated, or the connection was lost. Please try again in a moment."),
      element("p", {}, again));
    text.setAttribute("role", "alert");
    document.body.replaceChildren(element("main", { className: "page" }, text));
  }

  function heal() {
    let count = DELAYS.length;
    try {
      count = reloads();
      if (count < DELAYS.length) sessionStorage.setItem(KEPT, JSON.stringify({ count: count + 1, at: Date.now() }));
    } catch {
      // What cannot be counted might never end.
      count = DELAYS.length;
    }
    if (count < DELAYS.length) setTimeout(() => location.reload(), DELAYS[count]);
    else if (document.readyState === "loading") addEventListener("DOMContentLoaded", say);
    else say();
  }

  // Such an event does not bubble. A module that misses one that it imports has it too.
  addEventListener("error", ({ target }) => {
    const address = target.src ?? target.href;
    if (failed || !address?.startsWith(location.origin + FILES)) return;
    failed = true;
    heal();
  }, true);
})();
