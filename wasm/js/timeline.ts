/** One subscription to the timeline of a conversation or thread, and what a reader does in it. */
import type { Input, TimelineRow } from "../pkg/tidings.js";
import type { TimelineRows } from "./view/timeline.js";

/** An open timeline. When the client is closed, nothing comes any more, and what is asked of it does nothing. */
export class Timeline {
  /** The conversation, or the thread. */
  readonly conversation: string;
  readonly #rows: TimelineRows;
  readonly #input: (input: Input) => void;
  readonly #close: () => void;
  #isClosed = false;

  /** Made by `Client.timeline`. */
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

  /** Whether older messages can be loaded. */
  get hasOlder(): boolean {
    return this.#rows.hasOlder;
  }

  /** Asks for older messages; they come as a change. */
  loadOlder(): void {
    this.#input({ load_older: this.conversation });
  }

  /** Says that the person has seen everything in it; of a thread nobody is told. */
  markRead(): void {
    this.#input({ mark_read: this.conversation });
  }

  /** Says that the person is writing, or has stopped; of a thread nobody is told. */
  typing(on: boolean): void {
    this.#input({ typing: { conversation: this.conversation, on } });
  }

  /** Ends the subscription; again does nothing. */
  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#close();
    }
  }
}
