/**
 * Notifies when the browser freezes a page and resumes it. A page that is frozen, or kept for the
 * back button, runs nothing and must not hold what others wait for.
 */

/** Callbacks for both. */
export interface LifecycleListener {
  /** Nothing runs after this, maybe for ever. */
  putAside(): void;
  /** It runs again. */
  broughtBack(): void;
}

/** Listens, where there is a page. Returns a function that ends that. */
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
