// Message content: drawn in its bubble, and in one line where there is no room.

import { textOf, type Content, type Sendable } from "tidings";

import { element, type Child } from "./dom";
import { icon } from "./icons";
import { proposalLine, responseWords } from "./proposal";

/** A roll of a die: the content type that this app defines. */
const DICE = "tidings-demo.dice";
const PIPS = ["⚀", "⚁", "⚂", "⚃", "⚄", "⚅"];

/** Rolls a die. Apps that do not know the type show its text. */
export function rollDie(): Sendable {
  const pips = 1 + Math.floor(Math.random() * PIPS.length);
  return { kind: "custom", type: DICE, text: `rolled a ${pips}`, payload: { pips } };
}

/** The place where this device is. Rejects if it is unavailable. */
export async function hereNow(): Promise<Sendable> {
  const position = await new Promise<GeolocationPosition>((resolve, reject) =>
    navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: 10_000 }),
  );
  return { kind: "location", latitude: position.coords.latitude, longitude: position.coords.longitude };
}

/** Content in one line. */
export function lineOf(content: Content): string {
  const text = textOf(content);
  switch (content.kind) {
    case "text":
      return text;
    case "location":
      return `📍 ${text === "" ? "Location" : text}`;
    case "custom":
      return text === "" ? "Something this app cannot show" : `🎲 ${text}`;
    case "proposal":
      return `${proposalLine(content)}${text === "" ? "" : `: ${text}`}`;
    case "proposal_response":
      return text === "" ? responseWords(content) : `${responseWords(content)}: ${text}`;
    case "unknown":
      return text === "" ? "Something only a newer version can show" : text;
  }
}

/** Content in a bubble. */
export function drawContent(content: Content): Child[] {
  switch (content.kind) {
    case "text":
      return linked(content.text);
    case "location":
      return [place(content)];
    case "custom":
      return [content.type === DICE ? die(content.payload, lineOf(content)) : lineOf(content)];
    case "proposal":
    case "proposal_response":
      return [lineOf(content)];
    case "unknown":
      return [lineOf(content)];
  }
}

function place({ name, latitude, longitude }: Extract<Content, { kind: "location" }>): HTMLElement {
  const [north, east] = [latitude.toFixed(5), longitude.toFixed(5)];
  const map = `https://www.openstreetmap.org/?mlat=${north}&mlon=${east}#map=16/${north}/${east}`;
  return element(
    "a",
    { class: "place", href: map, target: "_blank", rel: "noopener noreferrer", tabindex: "-1", "data-testid": "place" },
    icon("compass"),
    element("span", {}, name ?? "Location"),
    element("span", { class: "quiet" }, `${north}, ${east}`),
  );
}

function die(payload: unknown, words: string): HTMLElement {
  const pips = typeof payload === "object" && payload !== null && "pips" in payload ? Number(payload.pips) : 0;
  return element("span", { class: "die", role: "img", "aria-label": words, "data-testid": "die" }, PIPS[pips - 1] ?? "🎲");
}

/** A text with its web addresses as links. */
function linked(text: string): Child[] {
  const parts: Child[] = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'`]+/gi)) {
    // Punctuation after an address, or a closing bracket, does not belong to it.
    const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
    if (!URL.canParse(address)) {
      continue;
    }
    parts.push(
      text.slice(from, match.index),
      element("a", { href: address, target: "_blank", rel: "noopener noreferrer", tabindex: "-1" }, address),
    );
    from = match.index + address.length;
  }
  parts.push(text.slice(from));
  return parts;
}
