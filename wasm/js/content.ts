/**
 * What a message says: as an app hands it over, and in words. Drawing it is the app's.
 */
import type { Content, NewContent } from "../pkg/tidings.js";
import { TidingsError } from "./error.js";

/** What can be sent; a string is a text. */
export type Sendable = string | Exclude<Content, { kind: "unknown" }>;

/**
 * What content says in words: its text, the name of its place, what stands for an
 * application's own type; empty if there is nothing, as of a deleted message.
 */
export function textOf(content: Content | undefined): string {
  return (content?.kind === "location" ? content.name : content?.text) ?? "";
}

/** Content as the module takes it. */
export function toModule(content: Sendable): NewContent {
  if (typeof content === "string") {
    return { text: { text: content } };
  }
  switch (content.kind) {
    case "text":
      return { text: { text: content.text } };
    case "location":
      return { location: { name: content.name, latitude: content.latitude, longitude: content.longitude } };
    case "custom":
      return { custom: { type: content.type, text: content.text, payload: jsonOf(content.payload) } };
  }
}

function jsonOf(payload: unknown): string {
  try {
    const text: string | undefined = JSON.stringify(payload);
    if (text !== undefined) {
      return text;
    }
  } catch {
    // It has a circle in it, or a value that JSON cannot say.
  }
  throw new TidingsError("value_invalid", "payload: not what JSON can say", false);
}
