/** The content of messages: as an app passes it, and in words. Drawing it is left to the app. */
import type { Content } from "../pkg/tidings.js";
import { TidingsError } from "./error.js";

/** Content that can be sent; a string is a text. */
export type Sendable = string | Exclude<Content, { kind: "unknown" }>;

/**
 * Content in words: its text, the name of its place, the comment of a response, or the substitute for an
 * application-defined type; empty if there is nothing, as for a deleted message.
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

/** Content as the module takes it: the payload of an application-defined type becomes JSON. */
export function toModule(content: Sendable): Content {
  if (typeof content === "string") {
    return { kind: "text", text: content };
  }
  return content.kind === "custom" ? { ...content, payload: jsonOf(content.payload) } : content;
}

/** Parses the payload in a row from the module; none if another client wrote something other than JSON. */
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
    // It has a cycle, or a value that JSON cannot represent.
  }
  throw new TidingsError("value_invalid", "payload: not what JSON can say", false);
}
