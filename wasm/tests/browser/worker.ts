/**
 * A client in a worker, for the tests. A worker has no import map, so the
 * package is imported by its address.
 */
import type * as Tidings from "tidings";

const address = "/dist/index.js";

self.onmessage = async (event: MessageEvent<string>) => {
  const { Client, init } = (await import(address)) as typeof Tidings;
  try {
    await init();
    const options = { url: "ws://127.0.0.1:1", account: "ada", token: () => "none", storeName: event.data, whenInUse: "reject" as const };
    const client = await Client.open(options);
    const { conversation = "" } = await client.createGroup({ title: "From a worker", members: [] });
    await client.sendMessage(conversation, "hello");
    const { store, unsynced } = client;
    await client.close();
    self.postMessage(`${store}, ${unsynced} unsynced`);
  } catch (error) {
    self.postMessage(error instanceof Error && "code" in error ? error.code : String(error));
  }
};
