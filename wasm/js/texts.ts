/**
 * The texts of codes for people: one or two sentences for every code, in English.
 * An app in another language brings a catalogue of its own with the same type;
 * one that lacks a code does not compile.
 */
import type { Code } from "../pkg/tidings.js";

/** A text for every code. */
export type Texts = Readonly<Record<Code, string>>;

/** For defects and outdated versions, where all that a person can do is reload. */
const NOT_UNDERSTOOD = "The server did not understand this app. Reload the page.";
const DAMAGED = "This could not be sent as it is. Write it again.";

/** The texts in English. */
export const ENGLISH: Texts = {
  // Session.
  token_invalid: "The server did not accept your sign-in. Sign in again.",
  token_foreign: "You are signed in as somebody else. Sign in again.",
  token_expired: "Your sign-in has expired. Sign in again.",
  token_unavailable: "The app could not sign in.",
  account_suspended: "This account is suspended. It can neither read nor write.",
  account_erased: "This account was erased.",
  actor_conflict: "This device's data was copied from another device. It continues as a new device.",
  version_unsupported: "The server has not been updated yet. The app will try again.",
  upgrade_required: "This version of the app is too old. Reload the page to update it. What you wrote is kept.",
  frame_unknown: NOT_UNDERSTOOD,
  frame_malformed: NOT_UNDERSTOOD,
  frame_too_large: "This is too large to send.",
  frame_unexpected: NOT_UNDERSTOOD,
  hello_timeout: "The server did not answer in time.",
  slow_reader: "The connection was too slow. It is being restarted.",
  session_replaced: "This account was connected from another window on this device.",
  too_many_sessions: "This account is open in too many places. This one will be connected again later.",
  too_many_watched: "You are watching too many conversations. Close some of them first.",
  draining: "The server is restarting.",
  store_unavailable: "The server cannot reach its storage at the moment.",
  store_full: "The server has no storage space left.",
  stream_damaged: "The server's data for this conversation has to be repaired first. What you write is kept.",
  history_differs: "The server's copy of this conversation differs from what it sent before.",
  store_restored: "The server was restored from a backup and lost this. Send it again.",
  internal: "Something went wrong on the server.",

  // Shape of a change.
  change_malformed: DAMAGED,
  change_too_large: "This is too large to send.",
  change_compressed: DAMAGED,
  change_extras: DAMAGED,
  column_illegal: DAMAGED,
  too_many_operations: "This is too much at once. Do it in smaller steps.",
  too_many_predecessors: "This is too much at once. Do it in smaller steps.",
  too_many_dependencies: "This is too much at once. Do it in smaller steps.",
  index_out_of_range: DAMAGED,
  wrong_actors: DAMAGED,
  wrong_actor: DAMAGED,
  wrong_sequence: "The conversation has moved on. It will be tried again.",
  dependency_missing: "The conversation has moved on. It will be tried again.",
  wrong_start_operation: DAMAGED,
  clock_ahead: "This device's clock is ahead of the server's. Retry to send it with the correct time.",
  time_invalid: "This device's clock is wrong. Correct it, then retry.",
  wrong_checksum: DAMAGED,
  not_canonical: DAMAGED,
  operation_illegal: "This app tried something that the server does not support. Reload the page.",
  wrong_predecessors: DAMAGED,
  document_unknown: "There is no such conversation, or you may not see it.",
  snapshot_invalid: "The server sent something that cannot be read. It will be fetched again.",

  // Outdated, answered by rewriting.
  page_closed: "The conversation has moved on. It will be tried again.",
  page_not_open: "The conversation has moved on. It will be tried again.",
  page_full: "This part of the conversation is full and cannot be changed any more.",
  stale: "Somebody else changed this in the meantime. It will be tried again.",

  // Conversation and member.
  conversation_unknown: "There is no such conversation, or you may not see it.",
  conversation_exists: "This conversation already exists.",
  name_taken: "Another public conversation already has that name.",
  external_id_taken: "That external id is already in use.",
  conversation_deleted: "The conversation was deleted.",
  conversation_closed: "The conversation is closed.",
  conversation_archived: "The conversation is archived. It can be read, but not written to.",
  conversation_locked: "The conversation is locked. Only moderators and above can write.",
  thread_too_deep: "Threads cannot go any deeper here.",
  kind_unknown: "This app does not know that kind of conversation. Reload the page.",
  policy_unknown: "This app does not know that rule. Reload the page.",
  wrong_kind: "This kind of conversation does not have that.",
  not_a_member: "You are not a member of this conversation.",
  member_left: "You left this conversation.",
  member_removed: "You were removed from this conversation before this arrived.",
  member_banned: "Banned people can neither join this conversation nor write in it.",
  member_unknown: "That person is not a member of this conversation.",
  member_exists: "That person is already a member.",
  not_deliverable: "Your message was not delivered.",
  account_unavailable: "This person cannot be added or invited.",
  too_many_members: "This conversation has reached its maximum number of members.",
  document_full: "This has reached its size limit. Only its owners and moderators can still change it.",
  join_forbidden: "You cannot join this conversation on your own. Ask a member to add you.",
  invite_unknown: "This invite link does not work.",
  invite_disabled: "This invite link is disabled at the moment.",
  invite_expired: "This invite link has expired.",
  invite_used_up: "This invite link has already been used as often as it allows.",
  message_held: "You were removed before this arrived. A moderator will decide whether to deliver it.",
  held_admitted: "You were removed before this arrived. A moderator delivered it anyway.",
  held_discarded: "You were removed before this arrived. A moderator decided not to deliver it.",
  too_many_invites: "This conversation has reached its maximum number of invite links.",

  // Permission, policy, rank.
  permission_denied: "You are not allowed to do that in this conversation.",
  policy_forbids: "The rules of this conversation do not allow that.",
  rank_too_low: "Only somebody with a higher role can do that.",
  role_unknown: "There is no such role in this conversation.",
  role_outranks: "You can only define roles below your own.",
  role_in_use: "Somebody has this role. Give them another one first.",
  too_many_roles: "This conversation has reached its maximum number of custom roles.",
  last_owner: "A conversation needs at least one owner. Make somebody else an owner first.",
  not_the_owner: "Only the account itself can change that.",
  not_the_author: "Only the author of a message can do that.",

  // Pace.
  rate_limited: "That was too much at once. It will be tried again shortly.",
  slow_mode: "Slow mode is on: wait a little between messages.",

  // Value.
  value_invalid: "That value is not valid here.",
  text_empty: "The text is empty.",
  line_invalid: "A name or title must be a single line without hidden characters.",
  emoji_invalid: "A reaction must be a single emoji.",
  text_too_long: "That text is too long.",
  already_written: "That has already been written.",
  message_unknown: "That message is no longer there.",
  message_deleted: "That message was deleted.",
  proposal_settled: "This proposal has already been answered.",
  proposal_expired: "This proposal has expired.",
  lead_invalid: "A request and its conversation must be closed or archived together.",
  too_many_pins: "This conversation has reached its maximum number of pinned messages.",
  too_many_reactions: "You have reached the maximum number of reactions on this message.",
  too_many_mentions: "That message mentions too many people.",
  id_invalid: "That is not a valid account. It has up to 128 plain characters, without spaces, quotation marks or slashes.",
  phone_invalid: "That is not a phone number. Write it with a + and the country code, like +4930123456.",
  email_invalid: "That is not an e-mail address.",
  too_many_contacts: "Your address book, or your list of blocked people, is full.",
  outbox_full: "Too much is waiting to be sent. Go online first.",

  // Request over HTTP.
  route_unknown: "There is nothing under this address.",
  webhook_unknown: "That webhook does not exist.",
  delivery_unknown: "There is no such undelivered event.",
  body_too_large: "That is more than the server takes at once.",
  key_reused: "Another request was made under the same key.",

  // Client.
  storage_full: "This device has no space left. What you write now is not saved until you free some.",
  storage_blocked: "Another window is using this device's data. Close it, then try again.",
  storage_corrupt: "The data saved on this device cannot be read.",
  storage_gone: "The data saved on this device was deleted. Reload the page.",
  store_in_use: "This account is open in another tab of this browser.",
  unreachable: "The server cannot be reached.",
  client_closed: "This page was closed. Reload it.",
  engine_stopped: "The app stopped unexpectedly. Reload the page.",
  module_unavailable: "The app could not be loaded. Check the connection and try again.",
  misuse: "Something went wrong in this app. Reload the page.",
  unknown: "The server gave a reason that this app does not know. Reload the page to update it.",
};
