/**
 * Checks whether the holder of a lock is still running: a tab that waits for the lock asks, and
 * the holder answers. A frozen page does not answer.
 */

/** Interval at which a holder is asked, and the number of questions in a row it may leave unanswered. */
const ASK_MS = 1000;
const UNANSWERED_MAX = 8;

/** Messages between tabs about a lock. */
type Message = "asked" | "held";

/** Answers waiting tabs until the lock is released. */
export function answerAsHolder(name: string): () => void {
  const channel = channelOf(name);
  if (channel === undefined) {
    return () => undefined;
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === "asked") {
      channel.postMessage("held" satisfies Message);
    }
  };
  return () => {
    channel.close();
  };
}

/**
 * Resolves when the holder stops answering, or with the signal. Only a visible page asks: one in
 * the background has time, and is throttled itself.
 */
export function holderIsSilent(name: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const channel = channelOf(name);
    let unanswered = 0;
    if (channel !== undefined) {
      channel.onmessage = ({ data }: MessageEvent<Message>) => {
        unanswered = data === "held" ? 0 : unanswered;
      };
    }
    const end = (): void => {
      clearInterval(asking);
      channel?.close();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const asking = setInterval(() => {
      if (channel === undefined || globalThis.document?.visibilityState === "hidden") {
        unanswered = 0;
      } else if (unanswered < UNANSWERED_MAX) {
        unanswered += 1;
        channel.postMessage("asked" satisfies Message);
      } else {
        end();
      }
    }, ASK_MS);
    signal.addEventListener("abort", end);
    if (signal.aborted) {
      end();
    }
  });
}

function channelOf(name: string): BroadcastChannel | undefined {
  return "BroadcastChannel" in globalThis ? new BroadcastChannel(`${name} lock`) : undefined;
}
