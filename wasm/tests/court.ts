/** What the authority was asked natively, and what it answered: `hostile-corpus` wrote it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { Judge } from "#testing";

export interface Case {
  readonly name: string;
  readonly push: string;
  readonly answer: string;
}

/** One session before the authority of one stream. */
export interface Court {
  readonly tenant: string;
  readonly account: string;
  readonly administrator: boolean;
  readonly device: string;
  readonly acceptedAt: number;
  readonly fetched: string;
  readonly cases: readonly Case[];
}

export interface Corpus extends Court {
  readonly honest: Case;
  readonly matrix: readonly Court[];
}

export async function readCorpus(): Promise<Corpus> {
  const path = process.env["TIDINGS_HOSTILE_CORPUS"];
  assert.ok(path, "TIDINGS_HOSTILE_CORPUS names the file that `hostile-corpus` writes");
  return JSON.parse(await readFile(path, "utf8")) as Corpus;
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export function judgeOf({ tenant, account, administrator, device, fetched }: Court): Judge {
  return new Judge({ tenant, account, administrator, device: bytesOf(device), fetched: bytesOf(fetched) });
}

export function answerOf(court: Court, judge: Judge, { name, push }: Case): string {
  try {
    return Buffer.from(judge.judge(bytesOf(push), court.acceptedAt)).toString("base64");
  } catch (cause) {
    throw new Error(`not answered: ${name}`, { cause });
  }
}
