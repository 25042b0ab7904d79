/**
 * The package `tidings`. Call `init` once, then `Client.open`; everything else
 * hangs on the client.
 */
export { init, isRetryable } from "./init.js";
export { TidingsError, isTidingsError } from "./error.js";
export {
  Client,
  type Invite,
  type NewContact,
  type NewConversation,
  type NewResource,
  type PresenceChange,
  type ProfileChange,
  type Stored,
} from "./client.js";
export type { ConnectionState } from "./connection.js";
export { textOf, type Sendable } from "./content.js";
export type { ClientOptions, TokenRequest } from "./options.js";
export type { ModuleSource, WebSocketConstructor, WebSocketLike } from "./platform.js";
export { MemoryStore } from "./store/memory.js";
export type { StoreKind } from "./store/store.js";
export { ENGLISH, type Texts } from "./texts.js";
export { Timeline } from "./timeline.js";
export type { ConversationsChange } from "./view/conversations.js";
export type { Subscription, Unsubscribe } from "./view/listeners.js";
export type { TimelineChange } from "./view/timeline.js";
export type {
  AccountKind,
  BlockedRow,
  ActivityKey,
  Cause,
  Code,
  Contact,
  ContactKind,
  ContactMatch,
  ContactRow,
  Content,
  ConversationDetail,
  ConversationKind,
  ConversationRow,
  ConversationState,
  DirectoryPage,
  DirectoryQuery,
  DirectoryRow,
  GrantRow,
  HistoryHead,
  InfoField,
  InviteRow,
  JoinPolicy,
  LastMessageRow,
  HeldRow,
  LateWrites,
  Lead,
  LeadOutcome,
  LeadStage,
  Link,
  LinkKind,
  MemberField,
  MemberRow,
  MeetingKind,
  MemberStatus,
  MessageState,
  NotificationLevel,
  OwnPage,
  OwnQuery,
  Parent,
  Party,
  Permission,
  PinRow,
  Policies,
  Policy,
  PresenceKind,
  Profile,
  Proposal,
  ProposalKind,
  ProposalResponse,
  ProposalRow,
  ProposalStatus,
  ReactionRow,
  Reachability,
  RefusedRow,
  ReplyRow,
  Resource,
  ResponseKind,
  Role,
  RoleDefinition,
  RoleRow,
  Scope,
  SendPolicy,
  ServerFault,
  Slot,
  SubroomPolicy,
  Subscriber,
  SubscriberPage,
  Theme,
  ThreadChange,
  ThreadRow,
  TimelineRow,
  WhoPolicy,
  WordKey,
} from "../pkg/tidings.js";
