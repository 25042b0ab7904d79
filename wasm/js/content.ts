/**
 * What a message says: as an app hands it over, and in words. Drawing it is the app's.
 */
import type { Content } from "../pkg/tidings.js";
import { TidingsError } from "./error.js";

/** What can be sent; a string is a text. */
export type Sendable = string | Exclude<Content, { kind: "unknown" }>;

/**
 * What content says in words: its text, the name of its place, the comment of a response, what stands for
 * an application's own type; empty if there is nothing, as of a deleted message.
 */
export function textOf(content: Content | undefined): string {
  switch (content?.kind) {
    case "location":
      return content.name ?? "";
    case "proposal_response":
      return content.comment ?? "";
    default:
      return content?.text ?? "";
  }
}

/** Content as the module takes it: the payload of an application's own type is JSON there. */
export function toModule(content: Sendable): Content {
  if (typeof content === "string") {
    return { kind: "text", text: content };
  }
  return content.kind === "custom" ? { ...content, payload: jsonOf(content.payload) } : content;
}

/** Gives a row from the module the payload as the app handed it over; none where another client wrote something else. */
export function readPayload({ content }: { content?: Content }): void {
  if (content?.kind === "custom") {
    content.payload = valueOf(content.payload);
  }
}

function valueOf(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
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
