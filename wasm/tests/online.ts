/** Clients of a real server. */
import { Client, type ConnectionState } from "tidings";

import { issueToken, type Running } from "./packaging/src/server.js";

/** A client, online, of an account whose token says these labels. */
export async function online(server: Running, account: string, labels: readonly string[] = []): Promise<Client> {
  const token = (): Promise<string> => issueToken(account, labels);
  const client = await Client.open({ url: server.url, account, token, store: "memory" });
  return new Promise((resolve) => {
    const look = ({ type }: ConnectionState): void => {
      if (type === "online") {
        end();
        resolve(client);
      }
    };
    const end = client.onConnection(look);
    look(client.connection);
  });
}

/** Waits until the server has answered all that a client commanded. */
export async function untilAdmitted(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const look = (count: number): void => {
      if (count === 0) {
        end();
        resolve();
      }
    };
    const end = client.onUnsynced(look);
    look(client.unsynced);
  });
}
