/**
 * A conversation, or a thread of one, that screens show: its rows and its detail, shared by every
 * subscription to it. The first one opens it, the last one closes it.
 */
import type { ConversationDetail, Input } from "../../pkg/tidings.js";
import { Listeners } from "./listeners.js";
import { TimelineRows, type TimelineChange } from "./timeline.js";

/** What is known of an open conversation, and who is told. */
export class OpenConversation {
  readonly rows = new TimelineRows();
  readonly timeline = new Listeners<[TimelineChange]>();
  readonly details = new Listeners<[ConversationDetail | undefined]>();
  detail: ConversationDetail | undefined;
  subscriptions = 0;
  /** What opens it. */
  readonly input: Input;

  constructor(conversation: string, thread: string | undefined) {
    this.input =
      thread === undefined ? { open_conversation: conversation } : { open_thread: { conversation, thread } };
  }

  /** Tells everybody of the detail as it is now. */
  setDetail(detail: ConversationDetail | undefined): void {
    this.detail = detail;
    this.details.tell(detail);
  }
}
