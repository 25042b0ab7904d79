/** One subscription to the timeline of a conversation or thread, and the reader's actions in it. */
import type { Input, TimelineRow } from "../pkg/tidings.js";
import type { TimelineRows } from "./view/timeline.js";

/** An open timeline. Once the client is closed, nothing arrives any more, and calls do nothing. */
export class Timeline {
  /** The conversation, or the thread. */
  readonly conversation: string;
  readonly #rows: TimelineRows;
  readonly #input: (input: Input) => void;
  readonly #close: () => void;
  #isClosed = false;

  /** Created by `Client.timeline`. */
  constructor(conversation: string, rows: TimelineRows, input: (input: Input) => void, close: () => void) {
    this.conversation = conversation;
    this.#rows = rows;
    this.#input = input;
    this.#close = close;
  }

  /** Every row in order. */
  get rows(): readonly TimelineRow[] {
    return this.#rows.rows;
  }

  /** True if older messages can be loaded. */
  get hasOlder(): boolean {
    return this.#rows.hasOlder;
  }

  /** Requests older messages; they arrive as a change. */
  loadOlder(): void {
    this.#input({ load_older: this.conversation });
  }

  /** Reports that the person has seen everything in it. For a thread nobody is notified. */
  markRead(): void {
    this.#input({ mark_read: this.conversation });
  }

  /** Reports that the person is writing, or has stopped. For a thread nobody is notified. */
  typing(on: boolean): void {
    this.#input({ typing: { conversation: this.conversation, on } });
  }

  /** Ends the subscription; has no effect when called again. */
  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#close();
    }
  }
}
