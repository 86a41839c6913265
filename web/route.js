// Where we are: the part of the address behind `#`, so that the host has one path for each page.
import { useLayoutEffect, useState } from "./vendor-hooks.js";

/** The parts of the path, such as `["bills", "202610-…"]`. */
export function parts() {
  const written = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  try {
    return written.map(decodeURIComponent);
  } catch {
    // Somebody's slip in the address: no page has this name.
    return ["%"];
  }
}

/** The address of a path. */
export function to(...path) {
  return `#/${path.map(encodeURIComponent).join("/")}`;
}

/** Goes to a path; `replace` leaves no step to come back to. */
export function go(path, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", path);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = path;
  }
}

/** The parts of the path, as they change. */
export function useRoute() {
  const [route, set] = useState(parts);
  // With the page itself, before it is painted: a reader may go on at once.
  useLayoutEffect(() => {
    const changed = () => set(parts());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
