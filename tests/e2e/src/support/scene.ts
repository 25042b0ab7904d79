/** What a test plays on: one browser, a server on one store, and people with fresh accounts. */
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import type { Browser, BrowserContext } from "playwright-core";

import { launchBrowser } from "./browser.js";
import { Network } from "./network.js";
import { Person } from "./person.js";
import { Server, type ServerOptions } from "./server.js";
import { STORES, type StoreName } from "./store.js";
import { WAIT_MS } from "./until.js";

/** A test that takes longer hangs. */
const TEST_MS_MAX = 120_000;
/** A phone, upright. */
export const PHONE = { width: 390, height: 800 } as const;
const DESKTOP = { width: 1100, height: 800 } as const;

/** How a person looks at the app. */
export interface PersonOptions {
  /** The server; the suite's own unless told. */
  readonly server?: Server;
  /** The size of the window. */
  readonly size?: { readonly width: number; readonly height: number };
  /** The account; a fresh one unless told. */
  readonly account?: string;
  /** What the address says beside the account. */
  readonly address?: Readonly<Record<string, string>>;
}

/** Everything that one test has; it ends with the test. */
export class Scene {
  readonly store: StoreName;
  /** The server that the tests of a suite share: their accounts differ. */
  readonly server: Server;
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  readonly #networks: Network[] = [];
  readonly #servers: Server[] = [];
  readonly #people: Person[] = [];
  readonly #pageErrors: string[] = [];

  constructor(store: StoreName, server: Server, browser: Browser) {
    this.store = store;
    this.server = server;
    this.#browser = browser;
  }

  /** An account that nobody had before. */
  account(name: string): string {
    return `${name}-${randomBytes(4).toString("hex")}`;
  }

  /** Somebody who has just signed in for the first time. */
  async person(name: string, options: PersonOptions = {}): Promise<Person> {
    const person = await this.visitor(name, options);
    await person.untilSettled();
    return person;
  }

  /** Somebody who opens the app on a device of their own; what it shows is not waited for. */
  async visitor(name: string, options: PersonOptions = {}): Promise<Person> {
    const network = await this.network(options.server ?? this.server);
    const context = await this.device(options.size);
    return this.tab(context, network, options.account ?? this.account(name), options.address);
  }

  /** A tab on a device. */
  async tab(
    context: BrowserContext,
    network: Network,
    account: string,
    address?: Readonly<Record<string, string>>,
  ): Promise<Person> {
    const person = await Person.visit(context, network, account, address);
    this.#people.push(person);
    return person;
  }

  /** A device: a browser profile of its own. */
  async device(size: { readonly width: number; readonly height: number } = DESKTOP): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: size, locale: "en-GB" });
    context.setDefaultTimeout(WAIT_MS);
    context.on("weberror", (failure) => this.#pageErrors.push(String(failure.error().stack ?? failure.error())));
    this.#contexts.push(context);
    return context;
  }

  /** A way to a server. */
  async network(server: Server): Promise<Network> {
    const network = await Network.open(server);
    this.#networks.push(network);
    return network;
  }

  /** A server of the test's own, to be killed and started as it likes. */
  async ownServer(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.prepare(this.store, options);
    this.#servers.push(server);
    await server.run();
    return server;
  }

  /** Ends everything, and fails if a page had an error of its own. */
  async close(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
    await Promise.all(this.#networks.map((network) => network.close()));
    await Promise.all(this.#servers.map((server) => server.remove()));
    if (this.#pageErrors.length > 0) {
      throw new Error(`a page had errors:\n${this.#pageErrors.join("\n")}`);
    }
  }

  /** What everybody sees now, for a failure. */
  async describe(): Promise<string> {
    const screens = this.#people.map(async ({ account, page }) => {
      const words = page.isClosed()
        ? "(closed)"
        : await page.locator("body").innerText({ timeout: 1000 }).catch(String);
      const line = words.replaceAll(/\n+/g, " | ").replaceAll(/(.{80})[^|]{40,}/g, "$1…");
      return `--- ${account} sees:\n${line}`;
    });
    return [...(await Promise.all(screens)), ...this.#pageErrors].join("\n");
  }
}

/** The tests of one file on one store. */
export interface Suite {
  test(title: string, play: (scene: Scene) => Promise<void>): void;
}

/** Defines a suite once for each store. */
export function onEachStore(title: string, define: (suite: Suite) => void): void {
  for (const store of STORES) {
    describe(`${title}, on ${store}`, () => {
      let browser: Browser | undefined;
      let server: Server | undefined;
      before(async () => {
        server = await Server.start(store);
        browser = await launchBrowser();
      });
      after(async () => {
        await browser?.close();
        await server?.remove();
      });
      define({
        test: (name, play) => {
          test(name, { timeout: TEST_MS_MAX }, async () => {
            if (server === undefined || browser === undefined) {
              throw new Error("the suite has no server or no browser");
            }
            await run(new Scene(store, server, browser), play);
          });
        },
      });
    });
  }
}

async function run(scene: Scene, play: (scene: Scene) => Promise<void>): Promise<void> {
  try {
    await play(scene);
  } catch (error) {
    const seen = await scene.describe();
    await scene.close().catch(() => undefined);
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${seen}`, { cause: error });
  }
  await scene.close();
}
