/** The two stores that a server can run on, each made afresh for a server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Database } from "./postgres.js";

/** What the stores are called. */
export const STORES = ["SQLite", "Postgres"] as const;

/** A store by its name. */
export type StoreName = (typeof STORES)[number];

/** An empty store. */
export interface Store {
  /** What `--store` is given. */
  readonly address: string;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

/** Makes an empty store. */
export async function createStore(name: StoreName): Promise<Store> {
  switch (name) {
    case "SQLite": {
      const folder = await mkdtemp(join(tmpdir(), "tidings-e2e-"));
      return {
        address: `sqlite:${join(folder, "tidings.db")}`,
        remove: () => rm(folder, { recursive: true, force: true }),
      };
    }
    case "Postgres": {
      const database = await Database.create();
      return { address: database.url, remove: () => database.drop() };
    }
  }
}
