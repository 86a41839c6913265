// What is on offer, by its names.
import { current } from "./text.js";
import { useLive } from "./live.js";

/** The names of plans by their codes; a code stands for itself until they are there. */
export function usePlanNames() {
  const { data } = useLive("/api/plans", { quickest: 600_000, slowest: 600_000 });
  return (code) => data?.items.find((plan) => plan.code === code)?.name[current()] ?? code;
}
