// When something expires: a choice of durations, read as a time.

import { element } from "./dom";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const SPANS: readonly (readonly [number, string])[] = [
  [15 * MINUTE_MS, "For 15 minutes"],
  [HOUR_MS, "For an hour"],
  [8 * HOUR_MS, "For 8 hours"],
  [DAY_MS, "For a day"],
  [7 * DAY_MS, "For a week"],
];

/** A choice of durations, the last of which never expires. */
export function expirySelect(testid: string, chosenMs?: number): HTMLSelectElement {
  return element(
    "select",
    { "data-testid": testid },
    ...SPANS.map(([ms, words]) => element("option", { value: ms, selected: ms === chosenMs }, words)),
    element("option", { value: "", selected: chosenMs === undefined }, "For good"),
  );
}

/** The chosen time, from now on; empty for never. */
export function chosenExpiry(select: HTMLSelectElement): { until?: Date } {
  return select.value === "" ? {} : { until: new Date(Date.now() + Number(select.value)) };
}

/** An hour, the usual choice. */
export const AN_HOUR_MS = HOUR_MS;
