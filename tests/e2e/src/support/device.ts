/** A device without a screen: the package in Node.js, for what would take a hand too long. */
import { Client, init } from "tidings";
import { WebSocket } from "ws";

import { issueToken, type Server } from "./server.js";
import { until } from "./until.js";

/** Opens a device that keeps its state in memory, and waits in the end until everything is sent. */
export async function deviceOf<T>(server: Server, account: string, act: (device: Client) => Promise<T>): Promise<T> {
  await init();
  const device = await Client.open({
    url: server.url,
    account,
    token: () => issueToken(account, "1h"),
    store: "memory",
    webSocket: WebSocket,
  });
  try {
    const result = await act(device);
    await until(
      "the device has sent everything",
      () => [device.connection.type, device.unsynced],
      ([connection, unsynced]) => connection === "online" && unsynced === 0,
    );
    return result;
  } finally {
    await device.close();
  }
}
