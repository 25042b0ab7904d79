// The fields of a span of time: the date, from when to when.

import { button, element } from "../dom";
import { icon } from "../icons";
import { fieldsIn, timeOf, zoneName, type Span } from "../zone";

/** Told where a span ends before it begins. */
export const ENDS_BEFORE = "It has to end after it begins.";

/** The fields of one span. */
export interface SpanFields {
  readonly element: HTMLElement;
  /** The span; undefined while a field is empty. */
  read(): Span | undefined;
  /** Reads the fields by the clocks of another time zone from now on. */
  useZone(zone: string): void;
  focus(): void;
}

/** Creates the fields, filled in with a span. With `remove` there is a button that takes them away again. */
export function createSpanFields(testid: string, firstZone: string, first: Span, remove?: () => void): SpanFields {
  let zone = firstZone;
  const start = fieldsIn(first.start, zone);
  const input = (type: string, value: string, name: string): HTMLInputElement =>
    element("input", { type, value, required: true, "data-testid": `${testid}-${name}` });
  const date = input("date", start.date, "date");
  const from = input("time", start.time, "from");
  const to = input("time", fieldsIn(first.end, zone).time, "to");
  const legend = element("legend", { class: "unseen" });

  function useZone(next: string): void {
    zone = next;
    legend.textContent = `When, ${zoneName(zone)} time`;
  }

  useZone(zone);
  return {
    element: element(
      "fieldset",
      { class: "span-fields" },
      legend,
      labelled("Date", date),
      labelled("From", from),
      labelled("To", to),
      remove !== undefined &&
        button(
          { class: "icon-button", "aria-label": "Remove this time", title: "Remove", "data-testid": `${testid}-remove` },
          remove,
          icon("close"),
        ),
    ),
    read: () => {
      const start = timeOf({ date: date.value, time: from.value }, zone);
      const end = timeOf({ date: date.value, time: to.value }, zone);
      return start === undefined || end === undefined ? undefined : { start, end };
    },
    useZone,
    focus: () => date.focus(),
  };
}

function labelled(words: string, control: HTMLElement): HTMLElement {
  return element("label", { class: "field" }, element("span", { class: "field-label" }, words), control);
}
