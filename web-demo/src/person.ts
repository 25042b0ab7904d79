// Shared by the views of one person: the client, names, and a way to report failures.

import { TidingsError, type Client } from "tidings";

import { sentenceOf } from "./texts";

/** One person's side. */
export interface Person {
  readonly client: Client;
  /** The name of an account, for people. */
  nameOf(account: string): string;
  /** Shows a short message for a moment. */
  say(words: string): void;
}

/** Waits for a command; returns why it failed, if it did. */
export async function outcome(command: Promise<unknown>): Promise<string | undefined> {
  try {
    await command;
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Waits for a command and reports a failure. Returns true if it succeeded. */
export async function attempt(person: Person, command: Promise<unknown>): Promise<boolean> {
  const reason = await outcome(command);
  if (reason !== undefined) {
    person.say(reason);
  }
  return reason === undefined;
}

/** Why something failed, as a sentence. */
export function reasonOf(error: unknown): string {
  if (error instanceof TidingsError) {
    return sentenceOf(error.code);
  }
  return error instanceof Error ? error.message : String(error);
}

/** The account in a message's id. */
export function authorOf(message: string): string {
  return message.slice(message.indexOf(".") + 1);
}
