/**
 * One person's way to the server: passes everything on until it is cut. The page
 * itself stays reachable then, as an installed app's would; sync and tokens do
 * not. It can also give other tokens than the server's.
 */
import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

import type { Server } from "./server.js";

/** Makes the token that a person is given. */
export type TokenSource = (account: string) => Promise<string>;

/** A way to a server that can be cut. */
export class Network {
  readonly #target: Server;
  readonly #http: HttpServer;
  readonly #links = new Set<Socket>();
  readonly #silent = new Set<Socket>();
  #isCut = false;
  #tokens: TokenSource | undefined;
  #tokensGiven = 0;

  private constructor(target: Server) {
    this.#target = target;
    this.#http = createServer((incoming, response) => {
      this.#pass(incoming, response);
    });
    this.#http.on("upgrade", (incoming: IncomingMessage, socket: Socket) => {
      this.#link(incoming, socket);
    });
  }

  /** Opens a way to the server, on a port of its own. */
  static async open(target: Server): Promise<Network> {
    const network = new Network(target);
    await new Promise<void>((resolve) => network.#http.listen(0, "127.0.0.1", resolve));
    return network;
  }

  /** Where the person finds the server. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** How many tokens were given to the person. */
  get tokensGiven(): number {
    return this.#tokensGiven;
  }

  /** Cuts the connection that is, and lets none come about. */
  cut(): void {
    this.#isCut = true;
    for (const link of this.#links) {
      link.destroy();
    }
  }

  /** Lets what is connected go silent: nothing arrives any more, and nobody is told. What connects anew works. */
  silence(): void {
    for (const link of this.#links) {
      this.#silent.add(link);
    }
  }

  /** Lets connections come about again. */
  restore(): void {
    this.#isCut = false;
  }

  /** Gives these tokens from now on; the server's own without a source. */
  giveTokens(source: TokenSource | undefined): void {
    this.#tokens = source;
  }

  /** Ends it with everything that goes over it. */
  async close(): Promise<void> {
    this.cut();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", this.url);
    const asksToken = pathname === "/dev/token";
    if (asksToken && this.#isCut) {
      incoming.socket.destroy();
      return;
    }
    if (asksToken) {
      this.#tokensGiven += 1;
    }
    if (asksToken && this.#tokens !== undefined) {
      void this.#tokens(searchParams.get("account") ?? "").then((token) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify({ token }));
      });
      return;
    }
    const { method, headers } = incoming;
    const passed = request(new URL(incoming.url ?? "/", this.#target.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    incoming.pipe(passed);
  }

  /** Passes a WebSocket on, byte by byte. */
  #link(incoming: IncomingMessage, socket: Socket): void {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const server = connect(this.#target.port, "127.0.0.1", () => {
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
        lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
      }
      server.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
    this.#links.add(socket);
    socket.on("data", (bytes) => this.#silent.has(socket) || server.write(bytes));
    server.on("data", (bytes) => this.#silent.has(socket) || socket.write(bytes));
    const end = (): void => {
      this.#links.delete(socket);
      this.#silent.delete(socket);
      socket.destroy();
      server.destroy();
    };
    for (const side of [socket, server]) {
      side.setNoDelay(true).on("error", end).on("close", end);
    }
  }
}
