// Times for people, from milliseconds: of a message, of a day, of a row in
// the list.

/** English, in the variant that the browser prefers. */
export const LOCALE = navigator.languages.find((language) => language.startsWith("en")) ?? "en-GB";
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(LOCALE, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short" });
const dayAndMonth = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayInFull = new Intl.DateTimeFormat(LOCALE, { weekday: "long", day: "numeric", month: "long" });
const dayWithYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "long", year: "numeric" });
const inFull = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "short" });

/** The time of day. */
export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** Day and time, for a tooltip. */
export function timeInFull(ms: number): string {
  return inFull.format(ms);
}

/** A key for the day, the same for every time in it. */
export function dayKey(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** The day, for a separator. */
export function dayName(ms: number, now: number): string {
  if (dayKey(ms) === dayKey(now)) {
    return "Today";
  }
  if (dayKey(ms) === dayKey(now - DAY_MS)) {
    return "Yesterday";
  }
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayInFull : dayWithYear).format(ms);
}

/** The time in a narrow column: the time of today, a day of this week, or a date. */
export function timeInShort(ms: number, now: number): string {
  if (dayKey(ms) === dayKey(now)) {
    return clock.format(ms);
  }
  return now - ms < 6 * DAY_MS ? weekday.format(ms) : dayAndMonth.format(ms);
}

/** The time of day, with the date if it is on another day. */
export function timeBeside(ms: number, day: number): string {
  return dayKey(ms) === dayKey(day) ? clock.format(ms) : `${dayAndMonth.format(ms)}, ${clock.format(ms)}`;
}
