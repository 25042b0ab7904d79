/** Clients without a server, for tests of what a device does alone. */
import { Client, type ClientOptions, type ConversationRow, type TimelineRow } from "tidings";

/** Options of a client whose server is never there. */
export function offline(options: Partial<ClientOptions> = {}): ClientOptions {
  return { url: "ws://127.0.0.1:1", account: "ada", token: () => "none", store: "memory", ...options };
}

/** Opens a client that is offline, runs the test, and closes it. */
export async function withClient(options: ClientOptions, test: (client: Client) => Promise<void>): Promise<void> {
  const client = await Client.open(options);
  try {
    await test(client);
  } finally {
    await client.close();
  }
}

/** The list of conversations as it is now. */
export function listed(client: Client): readonly ConversationRow[] {
  let listed: readonly ConversationRow[] = [];
  client
    .conversations(({ rows }) => {
      listed = rows;
    })
    .close();
  return listed;
}

/** Waits for a timeline to be as a test wants it. */
export async function timelineUntil(
  client: Client,
  conversation: string,
  isSo: (rows: readonly TimelineRow[]) => boolean,
): Promise<readonly TimelineRow[]> {
  return new Promise((resolve) => {
    let isDone = false;
    const timeline = client.timeline(conversation, ({ rows }) => {
      if (!isDone && isSo(rows)) {
        isDone = true;
        resolve(rows);
        queueMicrotask(() => {
          timeline.close();
        });
      }
    });
  });
}
