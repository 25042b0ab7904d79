// Texts for the package's names: connection states, roles, permissions and commands. Reasons for
// refusals are in the package's own catalogue.

import {
  ENGLISH,
  type Code,
  type ConnectionState,
  type ConversationDetail,
  type Permission,
  type RefusedRow,
  type Role,
} from "tidings";

import { deniedUntil, isLockedOut, mayWrite, ownRank, rankOf, reopens } from "./rights";
import { timeBeside } from "./times";

/** Shown when the device cannot store anything. */
export const NOT_KEPT = "This browser does not allow the page to save anything. Unsent messages are lost when you close it.";

/** The name to show for a conversation; one without a title or other members has none. */
export function calledOf(name: string): string {
  return name === "" ? "Just you" : name;
}

/** The reason as a sentence. */
export function sentenceOf(code: Code): string {
  return ENGLISH[code];
}

/** The name of a role: built-in ones are capitalized, others stay as they were named. */
export function roleName(role: Role): string {
  return role.charAt(0).toUpperCase() + role.slice(1);
}

/** The prefix of an invite in an address's fragment. */
const JOIN = "join/";

/** An invite link, with the conversation and the code. */
export function linkOf(conversation: string, code: string): string {
  return `${location.origin}/#${JOIN}${conversation}/${code}`;
}

/** The invite link that an address is, if it is one. */
export function invitedBy(address: URL): string | undefined {
  return address.hash.startsWith(`#${JOIN}`) ? address.href : undefined;
}

/** The content of an invite link, or a conversation id alone; undefined if it is neither. */
export function readLink(link: string): { conversation: string; code: string | undefined } | undefined {
  const carried = link.trim().split(`#${JOIN}`).at(-1) ?? "";
  const [, conversation, code] = /^([0-9a-v]{26})(?:\/([0-9a-v]{26}))?$/.exec(carried) ?? [];
  return conversation === undefined ? undefined : { conversation, code };
}

const MESSAGES = {
  "message:send": "Write messages",
  "message:send_media": "Send files and stickers",
  "message:edit": "Edit own messages",
  "message:delete": "Delete own messages",
  "message:react": "React to messages",
  "message:schedule": "Schedule messages",
  "thread:create": "Open threads",
  "message:delete_any": "Delete anybody's messages",
  "mention:all": "Mention everybody",
  "proposal:send": "Send proposals",
  "proposal:respond": "Respond to proposals",
  "pin:add": "Pin messages",
  "pin:remove": "Unpin messages",
} as const satisfies Partial<Record<Permission, string>>;

const MEMBERS = {
  "member:approve": "Approve requests to join",
  "member:mute": "Mute members",
  "member:add": "Add and invite members",
  "member:remove": "Remove members",
  "member:ban": "Ban and unban",
  "member:role": "Change roles",
  "member:permissions": "Grant permissions",
  "invite:create": "Create invite links",
} as const satisfies Partial<Record<Permission, string>>;

const CONVERSATION = {
  "conversation:info": "Edit title and description",
  "conversation:lock": "Lock and unlock",
  "conversation:archive": "Archive, close and reopen",
  "conversation:close": "Finalize leads and move their stages",
  "conversation:settings": "Change the rules",
  "conversation:delete": "Delete the conversation",
  "role:define": "Define roles",
  "encryption:change": "Change the encryption",
} as const satisfies Partial<Record<Permission, string>>;

// A permission that is in no group does not compile.
const PERMISSIONS: Readonly<Record<Permission, string>> = { ...MESSAGES, ...MEMBERS, ...CONVERSATION };

/** Every permission, in groups with a title. */
export const PERMISSION_GROUPS: readonly (readonly [string, readonly Permission[]])[] = [
  ["Messages", Object.keys(MESSAGES) as Permission[]],
  ["Members", Object.keys(MEMBERS) as Permission[]],
  ["Conversation", Object.keys(CONVERSATION) as Permission[]],
];

/** The name of a permission. */
export function permissionName(permission: Permission): string {
  return PERMISSIONS[permission];
}

const COMMANDS: Readonly<Record<string, string>> = {
  create_direct: "New conversation not started",
  create_conversation: "New conversation not created",
  send_message: "Message not sent",
  edit_message: "Edit not saved",
  delete_message: "Message not deleted",
  react: "Reaction not added",
  unreact: "Reaction not removed",
  set_info: "Title or description not changed",
  set_theme: "Theme not changed",
  set_scope: "Visibility not changed",
  set_policy: "Rule not changed",
  set_state: "State not changed",
  set_locked: "Lock not changed",
  define_role: "Role not saved",
  add_member: "Member not added",
  invite_member: "Invitation not sent",
  answer_request: "Request not answered",
  answer_held: "Decision not made",
  set_invite: "Invite link not saved",
  request_membership: "You have not joined",
  remove_member: "Member not removed",
  ban_member: "Member not banned",
  unban_member: "Ban not lifted",
  leave: "You have not left",
  change_role: "Role not changed",
  transfer_ownership: "Ownership not transferred",
  set_permission: "Permission not changed",
  set_member_text: "Name or color not changed",
  pin_message: "Message not pinned",
  unpin_message: "Message not unpinned",
  set_profile: "Profile not saved",
  add_contact: "Contact not saved",
  remove_contact: "Contact not removed",
  create_thread: "Thread not opened",
  set_thread: "Thread not changed",
  set_conversation_setting: "Setting not saved",
  create_resource: "New conversation not created",
  finalize_lead: "Lead not finalized",
  set_lead_stage: "Stage not changed",
  block_account: "Account not blocked",
  set_reachability: "Setting not saved",
};

/** The title of a refused command. */
export function refusedTitle(row: RefusedRow): string {
  if (row.command === "send_message" && row.content?.kind === "proposal_response") {
    return "Answer not sent";
  }
  return COMMANDS[row.command] ?? "Not done";
}

/** The connection state in words. */
export function connectionWords(state: ConnectionState, now: number): string {
  switch (state.type) {
    case "online":
      return "Online";
    case "off":
      return "Offline";
    case "connecting":
      return "Connecting…";
    case "catching_up":
      return "Catching up…";
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
      return seconds === 0 ? "Reconnecting…" : `Reconnecting in ${seconds} s`;
    }
    case "rejected":
      return state.code === "upgrade_required" ? "Update needed" : "Not connected";
    case "closed":
      return "Closed";
    case "store_in_use":
      return "Open in another tab";
  }
}

/** The number of unsent changes in words. */
export function unsyncedWords(state: ConnectionState, unsynced: number): string {
  return state.type === "online" ? `sending ${unsynced}` : `${unsynced} not sent yet`;
}

/** Why nothing can be written in a conversation now; undefined if it can. */
export function composerReason(detail: ConversationDetail, account: string): string | undefined {
  switch (detail.status) {
    case "invited":
      return "You were invited to this conversation, and are not a member yet.";
    case "requested":
      return "You asked to join. Somebody has to approve your request first.";
    case "left":
      return "You left this conversation.";
    case "removed":
      return "You were removed from this conversation.";
    case "banned":
      return "You were banned from this conversation.";
    case "subscribed":
    case "active":
    case undefined:
      break;
  }
  // What the client of a resource writes reopens it.
  switch (reopens(detail) ? "active" : detail.state) {
    case "archived":
      return "This conversation is archived and read-only.";
    case "closed":
      return "This conversation is closed.";
    case "deleted":
      return "This conversation was deleted.";
    case "active":
      break;
  }
  if (isLockedOut(detail)) {
    return sentenceOf("conversation_locked");
  }
  if (!detail.permissions.includes("message:send")) {
    const until = deniedUntil(detail, account, "message:send");
    return until === undefined
      ? `As a ${roleName(detail.role ?? "guest").toLowerCase()} you can read here, but not write.`
      : `You are muted ${untilWords(until)}.`;
  }
  if (!mayWrite(detail)) {
    return detail.policies.send === "admins_only"
      ? "Only admins can write here."
      : "Only moderators and admins can write here.";
  }
  return undefined;
}

/** What writing does beside sending a message; undefined if nothing. */
export function reopeningWords(detail: ConversationDetail): string | undefined {
  if (!reopens(detail)) {
    return undefined;
  }
  return detail.state === "closed"
    ? "This conversation is closed. What you write opens it again, with a new lead."
    : "This conversation is archived. What you write opens it again.";
}

/** The slow mode that applies to the own account; undefined if none does. */
export function slowModeWords(detail: ConversationDetail): string | undefined {
  const seconds = detail.policies.slow_mode_seconds;
  if (seconds === 0 || ownRank(detail) >= rankOf(detail, "moderator")) {
    return undefined;
  }
  const every = seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
  return `Slow mode: one message every ${every}. Messages written sooner are sent in turn.`;
}

/** The end of something in words. */
export function untilWords(until: number | "for good"): string {
  return until === "for good" ? until : `until ${timeBeside(until, Date.now())}`;
}
