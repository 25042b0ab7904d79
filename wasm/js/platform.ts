/**
 * What differs between browsers and Node.js. The default is the browser's;
 * `node.ts` replaces it, so that a bundle for browsers holds nothing of Node.js.
 */

/** A socket as far as the client uses it: the browser's and the package `ws`'s are such. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Makes a socket that connects at once. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** What `init` may be given instead of its default. */
export type ModuleSource = string | URL | BufferSource | WebAssembly.Module;

export interface Platform {
  /** Whether IndexedDB is to be expected, so that its absence is announced. */
  readonly isBrowser: boolean;
  /** The module as bytes, if it is not to be fetched from where it lies; none for "fetch it". */
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
