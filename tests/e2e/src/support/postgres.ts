/** A fresh database for one server, dropped when the test is over. */
import { randomBytes } from "node:crypto";

import pg from "pg";

import { postgresUrl } from "./environment.js";

/** A database of its own. */
export class Database {
  /** Where the server connects. */
  readonly url: string;
  readonly #name: string;

  private constructor(name: string, url: string) {
    this.#name = name;
    this.url = url;
  }

  /** Makes an empty database. */
  static async create(): Promise<Database> {
    const name = `tidings_e2e_${randomBytes(8).toString("hex")}`;
    await administrate(`CREATE DATABASE ${name}`);
    const url = new URL(postgresUrl());
    url.pathname = `/${name}`;
    return new Database(name, url.href);
  }

  /** Removes it, whoever is still connected. */
  async drop(): Promise<void> {
    await administrate(`DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
}

async function administrate(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
