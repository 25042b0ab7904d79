/**
 * Whether who holds a lock still runs: whoever waits for the lock asks, and the
 * holder answers. A page that is frozen answers nothing.
 */

/** How often a holder is asked, and how many times in a row it may leave that unanswered. */
const ASK_MS = 1000;
const UNANSWERED_MAX = 8;

/** What tabs say to each other about a lock. */
type Message = "asked" | "held";

/** Answers those who wait, until the lock is let go. */
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
 * Resolves when the holder answers no more, or with the signal. Only a page that
 * can be seen asks: one in the background has time, and is slowed down itself.
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
