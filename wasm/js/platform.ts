/**
 * Differences between browsers and Node.js. The default is the browser's; `node.ts` replaces it,
 * so that a bundle for browsers contains nothing of Node.js.
 */

/** The part of a socket that the client uses; the browser's and the package `ws`'s have it. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Creates a socket that connects at once. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Sources of the module that `init` accepts. */
export type ModuleSource = string | URL | BufferSource | WebAssembly.Module;

export interface Platform {
  /** True if IndexedDB is expected, so that its absence is reported. */
  readonly isBrowser: boolean;
  /** The module as bytes, if it should not be fetched from its address; undefined to fetch it. */
  readModule(source: string | URL | undefined): Promise<BufferSource | undefined>;
  /** The platform's WebSocket, if it has one. */
  webSocket(): Promise<WebSocketConstructor | undefined>;
}

let platform: Platform = {
  isBrowser: true,
  readModule: () => Promise.resolve(undefined),
  webSocket: () => Promise.resolve(globalThis.WebSocket),
};

/** The platform this runs on. */
export function currentPlatform(): Platform {
  return platform;
}

/** Replaces the platform. */
export function setPlatform(replacement: Platform): void {
  platform = replacement;
}
