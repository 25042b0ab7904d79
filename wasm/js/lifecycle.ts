/**
 * When the browser puts a page aside, and brings it back: a page that is frozen
 * or kept for the back button runs nothing, and must not keep what others wait for.
 */

/** What is done about it. */
export interface LifecycleListener {
  /** Nothing runs after this, maybe for ever. */
  putAside(): void;
  /** It runs again. */
  broughtBack(): void;
}

/** Listens, where there is a page; the answer ends that. */
export function onLifecycle(listener: LifecycleListener): () => void {
  const page = globalThis.document;
  if (page === undefined) {
    return () => undefined;
  }
  const putAside = (): void => {
    listener.putAside();
  };
  const broughtBack = (): void => {
    listener.broughtBack();
  };
  const places: [EventTarget, string, () => void][] = [
    [page, "freeze", putAside],
    [page, "resume", broughtBack],
    [globalThis, "pagehide", putAside],
    [globalThis, "pageshow", broughtBack],
  ];
  for (const [target, event, heard] of places) {
    target.addEventListener(event, heard);
  }
  return () => {
    for (const [target, event, heard] of places) {
      target.removeEventListener(event, heard);
    }
  };
}
