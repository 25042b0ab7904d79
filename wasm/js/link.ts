/** One WebSocket at a time. Events of an abandoned socket are ignored, however late they come. */
import type { WebSocketConstructor, WebSocketLike } from "./platform.js";

/** The callbacks of a link. */
export interface LinkListener {
  opened(): void;
  received(frame: Uint8Array<ArrayBuffer>): void;
  lost(): void;
}

/** The connection to the server. */
export class Link {
  readonly #url: string;
  readonly #webSocket: WebSocketConstructor;
  readonly #listener: LinkListener;
  #socket: WebSocketLike | undefined;

  constructor(url: string, webSocket: WebSocketConstructor, listener: LinkListener) {
    this.#url = url;
    this.#webSocket = webSocket;
    this.#listener = listener;
  }

  /** Opens a socket, replacing the former one. */
  open(): void {
    this.close();
    let socket: WebSocketLike;
    try {
      socket = new this.#webSocket(this.#url);
    } catch {
      // For example blocked mixed content or a content policy: reported like any other failure, not
      // within this call.
      queueMicrotask(() => {
        this.#listener.lost();
      });
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (this.#socket === socket) {
        this.#listener.opened();
      }
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (this.#socket !== socket) {
        return;
      }
      if (event.data instanceof ArrayBuffer) {
        this.#listener.received(new Uint8Array(event.data));
      } else {
        // Frames are binary: whatever this is, it is not our server.
        this.close();
        this.#listener.lost();
      }
    };
    // A close follows every error, and says as much.
    socket.onerror = () => undefined;
    socket.onclose = () => {
      if (this.#socket === socket) {
        this.#socket = undefined;
        this.#listener.lost();
      }
    };
  }

  /** Sends a frame; it is lost if the socket is. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    try {
      this.#socket?.send(frame);
    } catch {
      // Still connecting or closing: the close that follows reports it.
    }
  }

  /** Abandons the socket because the platform reports that there is no network. */
  lose(): void {
    if (this.#socket !== undefined) {
      this.close();
      this.#listener.lost();
    }
  }

  /** Abandons the socket, without further events. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}

/** The address of the protocol on a server: `/v1/sync` unless a path is given. */
export function syncUrl(server: string): string {
  const url = new URL(server);
  if (url.protocol === "http:" || url.protocol === "https:") {
    url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(`${url.protocol} is none of ws:, wss:, http: and https:`);
  }
  if (url.pathname === "/") {
    url.pathname = "/v1/sync";
  }
  url.hash = "";
  return url.href;
}
