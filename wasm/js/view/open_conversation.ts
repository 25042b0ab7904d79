/**
 * A conversation, or a thread of one, that screens show: its rows and its detail, shared by every
 * subscription to it. The first one opens it, the last one closes it.
 */
import type { ConversationDetail, Input, MemberChange, MemberRow, PresenceKind } from "../../pkg/tidings.js";
import { Listeners } from "./listeners.js";
import { TimelineRows, type TimelineChange } from "./timeline.js";

/** The state of an open conversation, and its listeners. */
export class OpenConversation {
  /** The conversation itself, or the one that the thread belongs to. */
  readonly conversation: string;
  readonly rows = new TimelineRows();
  readonly timeline = new Listeners<[TimelineChange]>();
  readonly details = new Listeners<[ConversationDetail | undefined]>();
  detail: ConversationDetail | undefined;
  subscriptions = 0;
  /** The input that opens it. */
  readonly input: Input;

  constructor(conversation: string, thread: string | undefined) {
    this.conversation = conversation;
    this.input =
      thread === undefined ? { open_conversation: conversation } : { open_thread: { conversation, thread } };
  }

  /** Passes the current detail to every listener. */
  setDetail(detail: ConversationDetail | undefined): void {
    this.detail = detail;
    this.details.tell(detail);
  }

  /** Applies changes of members, one after another. */
  changeMembers(changes: readonly MemberChange[], updatedAt: number): void {
    if (this.detail === undefined) {
      return;
    }
    const { members, candidates, former } = this.detail;
    const rosters = { members: members.slice(), candidates: candidates.slice(), former: former.slice() };
    for (const { account, row } of changes) {
      for (const rows of Object.values(rosters)) {
        const place = rows.findIndex((member) => member.account === account);
        if (place >= 0) {
          rows.splice(place, 1);
        }
      }
      if (row !== undefined) {
        rosters[row.roster].splice(row.place, 0, row.member);
      }
    }
    this.setDetail({ ...this.detail, ...rosters, updatedAt });
  }

  /** Replaces a member's presence. */
  setPresence(account: string, presence: PresenceKind): void {
    if (this.detail === undefined) {
      return;
    }
    const members = present(this.detail.members, account, presence);
    const candidates = present(this.detail.candidates, account, presence);
    if (members !== this.detail.members || candidates !== this.detail.candidates) {
      this.setDetail({ ...this.detail, members, candidates });
    }
  }
}

/** Rows with one member's new presence; the same rows if they do not change. */
function present(rows: MemberRow[], account: string, presence: PresenceKind): MemberRow[] {
  const index = rows.findIndex((row) => row.account === account);
  const row = rows[index];
  if (row === undefined || row.presence === presence) {
    return rows;
  }
  const changed = rows.slice();
  changed[index] = { ...row, presence };
  return changed;
}
