// The one catalogue of sentences for what the package says in codes: why
// something was refused, how the connection stands, what a role or a command
// is called.

import type { Code, ConnectionState, ConversationDetail, RefusedRow, Role } from "tidings";

const SENTENCES: Readonly<Partial<Record<Code, string>>> = {
  token_invalid: "The server did not accept this sign-in.",
  token_expired: "The sign-in has expired.",
  account_suspended: "This account is suspended: it can neither read nor write.",
  actor_conflict: "This device's data was copied from another one. It starts over as a new device.",
  version_unsupported: "The server speaks another version. Reload the page.",
  hello_timeout: "The server did not answer in time.",
  slow_reader: "The connection was too slow and starts over.",
  session_replaced: "This account is connected from another window of this device.",
  draining: "The server is restarting.",
  store_unavailable: "The server cannot reach its storage at the moment.",
  store_full: "The server has no space left.",
  stream_damaged: "The server has to mend this conversation first. What you write is kept.",
  internal: "Something went wrong on the server.",
  change_too_large: "This is too large to send.",
  clock_ahead: "This device's clock is ahead of the server's. Set it right, then retry.",
  page_full: "This part of the conversation takes no more changes.",
  conversation_unknown: "There is no such conversation, or you may not see it.",
  conversation_exists: "This conversation exists already.",
  conversation_deleted: "The conversation was deleted.",
  conversation_closed: "The conversation is closed.",
  conversation_archived: "The conversation is archived: it can be read, but not written to.",
  conversation_locked: "The conversation is locked: only moderators and above can write.",
  wrong_kind: "This kind of conversation does not have that.",
  not_a_member: "You are not a member of this conversation.",
  member_left: "You left this conversation.",
  member_removed: "You were removed from this conversation before this arrived.",
  member_banned: "You were banned from this conversation.",
  member_unknown: "That person is not a member of this conversation.",
  member_exists: "That person is a member already.",
  too_many_members: "This conversation has as many members as it can have.",
  permission_denied: "Your role in this conversation does not allow that.",
  policy_forbids: "The rules of this conversation do not allow that.",
  rank_too_low: "Only somebody of a higher role can do that.",
  last_owner: "A group keeps at least one owner. Make somebody else an owner first.",
  not_the_owner: "Only the account itself can change that.",
  not_the_author: "Only the author of a message can do that.",
  rate_limited: "That was a lot at once. It will be tried again shortly.",
  slow_mode: "Slow mode is on: wait a little between messages.",
  value_invalid: "That value is not valid here.",
  text_empty: "There is no text.",
  text_too_long: "That text is too long.",
  already_written: "That was written already.",
  message_unknown: "That message is not there any more.",
  message_deleted: "That message was deleted.",
  too_many_pins: "This conversation has as many pinned messages as it can have.",
  too_many_reactions: "You cannot put more reactions on this message.",
  too_many_mentions: "That message mentions too many people.",
  id_invalid: "That is not an account: use letters, digits and _ . : - only.",
  outbox_full: "Too much is waiting to be sent. Go online first.",
  storage_full: "This device has no space left. What you write now is not saved until there is.",
  storage_blocked: "Another window holds the data saved on this device. Close it, then try again.",
  storage_corrupt: "The data saved on this device cannot be read.",
  storage_gone: "The data saved on this device was deleted meanwhile. Reload the page.",
  store_in_use: "This account is open in another tab of this browser.",
  unreachable: "The server cannot be reached.",
  client_closed: "This page was closed. Reload it.",
  engine_stopped: "The app stopped in the middle of something. Reload the page.",
  snapshot_invalid: "The server sent something that cannot be read. It is asked again.",
  module_unavailable: "The app could not be loaded. Check the connection and try again.",
};

/** What it means that the device keeps nothing. */
export const NOT_KEPT = "This browser does not let the page save anything. What is not sent is lost when you close it.";

/** Why, as a sentence; the code itself where there is none. */
export function sentenceOf(code: Code): string {
  return SENTENCES[code] ?? `That did not work (${code}).`;
}

const ROLES: Readonly<Record<Role, string>> = {
  owner: "Owner",
  admin: "Admin",
  moderator: "Moderator",
  member: "Member",
  guest: "Guest",
};

/** The roles from the lowest to the highest. */
export const ROLES_ASCENDING: readonly Role[] = ["guest", "member", "moderator", "admin", "owner"];

/** What a role is called. */
export function roleName(role: Role): string {
  return ROLES[role];
}

const COMMANDS: Readonly<Record<string, string>> = {
  create_direct: "New conversation not started",
  create_group: "New group not created",
  send_text: "Message not sent",
  edit_message: "Edit not saved",
  delete_message: "Message not deleted",
  react: "Reaction not added",
  unreact: "Reaction not taken back",
  set_title: "Title not changed",
  set_description: "Description not changed",
  add_member: "Member not added",
  remove_member: "Member not removed",
  ban_member: "Member not banned",
  leave: "You have not left",
  change_role: "Role not changed",
  pin_message: "Message not pinned",
  unpin_message: "Message not unpinned",
  set_profile: "Profile not saved",
  add_contact: "Contact not saved",
  remove_contact: "Contact not removed",
  set_conversation_setting: "Setting not saved",
};

/** What did not happen, for a refused command. */
export function refusedTitle(row: RefusedRow): string {
  return COMMANDS[row.command] ?? "Not done";
}

/** How the connection stands, in words. */
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
      return "Not connected";
    case "closed":
      return "Closed";
  }
}

/** How much waits for the server, in words. */
export function unsyncedWords(state: ConnectionState, unsynced: number): string {
  return state.type === "online" ? `sending ${unsynced}` : `${unsynced} not sent yet`;
}

/** Why nothing can be written into a conversation now; nothing if it can. */
export function composerReason(detail: ConversationDetail): string | undefined {
  switch (detail.status) {
    case "left":
      return "You left this conversation.";
    case "removed":
      return "You were removed from this conversation.";
    case "banned":
      return "You were banned from this conversation.";
    case "active":
      break;
  }
  switch (detail.state) {
    case "archived":
      return "This conversation is archived: it can be read only.";
    case "closed":
      return "This conversation is closed.";
    case "deleted":
      return "This conversation was deleted.";
    case "active":
      break;
  }
  if (detail.permissions.includes("message:send")) {
    return undefined;
  }
  return detail.locked
    ? "This conversation is locked: only moderators and above can write."
    : `As a ${roleName(detail.role).toLowerCase()} you can read here, but not write.`;
}
