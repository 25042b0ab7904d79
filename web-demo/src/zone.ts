// Spans of time in a time zone: in words, and as the fields of a form.

import { LOCALE } from "./times";

const MINUTE_MS = 60_000;

/** A span of time. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A date and a time of day as the browser's fields have them: `2026-03-01` and `09:30`. */
export interface DateFields {
  readonly date: string;
  readonly time: string;
}

/** The time zone of this device. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Every time zone that this browser knows, and the own one. */
export function knownZones(): string[] {
  return [...new Set([ownZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

/** Returns true if this browser knows the time zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The name of a time zone for people: its city. */
export function zoneName(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** The day of a span in full; both days if it goes on past midnight. */
export function dayIn(span: Span, zone: string): string {
  const format = new Intl.DateTimeFormat(LOCALE, {
    weekday: isOneDay(span, zone) ? "long" : "short",
    day: "numeric",
    month: isOneDay(span, zone) ? "long" : "short",
    timeZone: zone,
    ...yearOf(span, zone),
  });
  return format.formatRange(span.start, span.end);
}

/** From which time of day to which. */
export function hoursIn({ start, end }: Span, zone: string): string {
  const format = new Intl.DateTimeFormat(LOCALE, { hour: "numeric", minute: "2-digit", timeZone: zone });
  // A range within one day leaves out what both times share, such as "pm".
  return isOneDay({ start, end }, zone) ? format.formatRange(start, end) : `${format.format(start)} – ${format.format(end)}`;
}

/** A span in one line; by the own clocks if the browser does not know the time zone. */
export function spanIn(span: Span, wanted: string): string {
  const zone = isZone(wanted) ? wanted : ownZone();
  const format = new Intl.DateTimeFormat(LOCALE, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
    timeZone: zone,
    ...yearOf(span, zone),
  });
  return format.formatRange(span.start, span.end);
}

/** A time as the fields of a form. */
export function fieldsIn(ms: number, zone: string): DateFields {
  const local = new Date(ms + offsetMs(ms, zone)).toISOString();
  return { date: local.slice(0, 10), time: local.slice(11, 16) };
}

/** The time that the fields of a form name; undefined if they are not filled in. */
export function timeOf({ date, time }: DateFields, zone: string): number | undefined {
  const local = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(local)) {
    return undefined;
  }
  // The offset may change between the first estimate and the time itself.
  const estimate = local - offsetMs(local, zone);
  return local - offsetMs(estimate, zone);
}

function isOneDay({ start, end }: Span, zone: string): boolean {
  return fieldsIn(start, zone).date === fieldsIn(end, zone).date;
}

/** The year is shown unless it is this one. */
function yearOf({ start }: Span, zone: string): Intl.DateTimeFormatOptions {
  return yearIn(start, zone) === yearIn(Date.now(), zone) ? {} : { year: "numeric" };
}

function yearIn(ms: number, zone: string): string {
  return fieldsIn(ms, zone).date.slice(0, 4);
}

/** How far the clocks of a time zone are ahead of UTC at a time. */
function offsetMs(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "longOffset" });
  const name = format.formatToParts(ms).find((part) => part.type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  const ahead = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
  return sign === "-" ? -ahead : ahead;
}
