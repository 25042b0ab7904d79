// An app in TypeScript, with the declarations of the package checked as well.
import { Client, ENGLISH, init, isTidingsError, type ConnectionState, type TokenRequest } from "tidings";
import type { paths } from "tidings/rest";
import source from "tidings/wasm";

export async function open(): Promise<ConnectionState> {
  await init(source);
  const client = await Client.open({
    url: "wss://chat.example.com",
    account: "ada",
    token: ({ reason }: TokenRequest) => reason?.detail ?? "a token",
  });
  client.conversations(({ rows }) => rows.map((row) => row.name));
  return client.connection;
}

export function explain(error: unknown): string {
  return isTidingsError(error) ? ENGLISH[error.code] : String(error);
}

// What a backend is answered over HTTP.
type Opened = paths["/v1/conversations/resource"]["post"]["responses"][201]["content"]["application/json"];

export function unreadOf({ clientUnread, ownerUnread, leads }: Opened): string {
  return `${clientUnread + ownerUnread} unread, ${leads.at(-1)?.status}`;
}
