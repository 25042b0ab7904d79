/** What the measured account finds at the server: conversations with many people, made by their own devices. */
import { deviceOf } from "../support/device.js";
import type { Server } from "../support/server.js";

/** The measured account. */
export const READER = "reader";
/** How many conversations it is in. */
export const CONVERSATIONS = 1_000;
/** How many of them are long, each with a page that is full. */
export const LONG = 10;
export const LONG_MESSAGES = 1_000;

const PEERS = 100;
const MESSAGES = 3;
/** Other members of each conversation, beside its owner and the reader. */
const OTHERS = 3;

/** Writes it; the ids of the long conversations. */
export async function writeHistory(server: Server): Promise<string[]> {
  const long: string[] = [];
  for (let peer = 0; peer < PEERS; peer += 1) {
    await deviceOf(server, account(peer), async (device) => {
      await device.setProfile({ kind: "personal", displayName: `Person number ${peer}` });
      for (let group = 0; group < CONVERSATIONS / PEERS; group += 1) {
        const others = Array.from({ length: OTHERS }, (_, index) => account((peer + group + index + 1) % PEERS));
        const title = `Group ${group} of ${account(peer)}`;
        const { conversation = "" } = await device.createGroup({ title, members: [READER, ...others] });
        const isLong = group === 0 && peer < LONG;
        for (let message = 0; message < (isLong ? LONG_MESSAGES : MESSAGES); message += 1) {
          await device.sendMessage(conversation, `message ${message}: as many characters as somebody writes in a line`);
        }
        if (isLong) {
          long.push(conversation);
        }
      }
    });
  }
  return long;
}

function account(peer: number): string {
  return `peer-${peer}`;
}
