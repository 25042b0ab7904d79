// What the package's module takes and gives, long because it is all of it. `cargo xtask wasm` writes this file.

/**
 * A communication identity, named by the operator's identity provider: `auth0|…`, an e-mail address, a
 * UUID. Characters that would have to be escaped in a key, an address or a log are not allowed.
 */
export type AccountId = string;

/**
 * The kind of an account.
 */
export type AccountKind = "personal" | "bot" | "organization" | "service" | "unknown";

/**
 * A place in the order of activity: newest first, then by id.
 */
export interface ActivityKey {
    /**
     * Time of the latest activity.
     */
    at: WallTime;
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
}

/**
 * Adds a contact, or changes it.
 */
export interface AddContact {
    /**
     * Its id: derived from the account it is linked to, else random.
     */
    id?: ContactId;
    /**
     * What it says.
     */
    contact: Contact;
}

/**
 * Adds a member, or brings one back.
 */
export interface AddMember {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * As what.
     */
    role: Role;
}

/**
 * Lets a message of one who was removed in, or discards it.
 */
export interface AnswerHeld {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Which, of those that are held.
     */
    message: MessageId;
    /**
     * Whether it is let in.
     */
    admitted: boolean;
}

/**
 * Lets in who asked, or declines.
 */
export interface AnswerRequest {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * Whether they are let in.
     */
    approved: boolean;
}

/**
 * Bans an account from a group: it cannot be added before it is unbanned.
 */
export interface BanMember {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
}

/**
 * Blocks an account, or no longer.
 */
export interface BlockAccount {
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * Whether it is blocked from now on.
     */
    blocked: boolean;
}

/**
 * An account that the own account has blocked.
 */
export interface BlockedRow {
    /**
     * The blocked account.
     */
    account: AccountId;
    /**
     * When it was blocked.
     */
    since: WallTime;
}

/**
 * Bytes of a frame or record.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Why there is no session.
 */
export interface Cause {
    /**
     * The stable code.
     */
    code: Code;
    /**
     * For developers, in English; empty where the code says it all.
     */
    detail: string;
}

/**
 * Changes a member's role.
 */
export interface ChangeRole {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * To what.
     */
    role: Role;
}

/**
 * A stable code. Its name never changes its meaning.
 */
export type Code = "token_invalid" | "token_foreign" | "token_expired" | "token_unavailable" | "account_suspended" | "account_erased" | "actor_conflict" | "version_unsupported" | "upgrade_required" | "frame_unknown" | "frame_malformed" | "frame_too_large" | "frame_unexpected" | "hello_timeout" | "slow_reader" | "session_replaced" | "too_many_sessions" | "too_many_watched" | "draining" | "store_unavailable" | "store_full" | "stream_damaged" | "store_restored" | "history_differs" | "internal" | "change_malformed" | "change_too_large" | "change_compressed" | "change_extras" | "column_illegal" | "too_many_operations" | "too_many_predecessors" | "too_many_dependencies" | "index_out_of_range" | "wrong_actors" | "wrong_actor" | "wrong_sequence" | "dependency_missing" | "wrong_start_operation" | "clock_ahead" | "time_invalid" | "wrong_checksum" | "not_canonical" | "operation_illegal" | "wrong_predecessors" | "document_unknown" | "snapshot_invalid" | "page_closed" | "page_not_open" | "page_full" | "stale" | "conversation_unknown" | "conversation_exists" | "name_taken" | "external_id_taken" | "conversation_deleted" | "conversation_closed" | "conversation_archived" | "conversation_locked" | "thread_too_deep" | "kind_unknown" | "policy_unknown" | "wrong_kind" | "not_a_member" | "member_left" | "member_removed" | "member_banned" | "member_unknown" | "member_exists" | "too_many_members" | "document_full" | "permission_denied" | "policy_forbids" | "rank_too_low" | "join_forbidden" | "invite_unknown" | "invite_expired" | "invite_used_up" | "invite_disabled" | "message_held" | "held_admitted" | "held_discarded" | "too_many_invites" | "role_unknown" | "role_outranks" | "role_in_use" | "too_many_roles" | "last_owner" | "not_the_owner" | "not_deliverable" | "account_unavailable" | "not_the_author" | "rate_limited" | "slow_mode" | "value_invalid" | "text_empty" | "line_invalid" | "emoji_invalid" | "text_too_long" | "already_written" | "message_unknown" | "message_deleted" | "proposal_settled" | "proposal_expired" | "lead_invalid" | "too_many_pins" | "too_many_reactions" | "too_many_mentions" | "id_invalid" | "phone_invalid" | "email_invalid" | "too_many_contacts" | "outbox_full" | "route_unknown" | "webhook_unknown" | "delivery_unknown" | "body_too_large" | "key_reused" | "storage_full" | "storage_blocked" | "storage_corrupt" | "storage_gone" | "store_in_use" | "unreachable" | "client_closed" | "engine_stopped" | "module_unavailable" | "misuse" | "unknown";

/**
 * A typed intent of a person.
 */
export type Command = { create_direct: CreateDirect } | { create_conversation: CreateConversation } | { send_message: SendMessage } | { edit_message: EditMessage } | { delete_message: DeleteMessage } | { react: React } | { unreact: Unreact } | { set_info: SetInfo } | { set_theme: SetTheme } | { add_member: AddMember } | { remove_member: RemoveMember } | { ban_member: BanMember } | { leave: LeaveConversation } | { change_role: ChangeRole } | { pin_message: PinMessage } | { unpin_message: UnpinMessage } | { set_profile: SetProfile } | { add_contact: AddContact } | { remove_contact: RemoveContact } | { set_conversation_setting: SetConversationSetting } | { set_scope: SetScope } | { set_policy: SetPolicy } | { set_state: SetState } | { set_locked: SetLocked } | { invite_member: InviteMember } | { answer_request: AnswerRequest } | { unban_member: UnbanMember } | { set_permission: SetPermission } | { define_role: DefineRole } | { transfer_ownership: TransferOwnership } | { set_member_text: SetMemberText } | { set_invite: SetInvite } | { request_membership: RequestMembership } | { create_thread: CreateThread } | { set_thread: SetThread } | { answer_held: AnswerHeld } | { block_account: BlockAccount } | { create_resource: CreateResource } | { set_reachability: SetReachability } | { finalize_lead: FinalizeLead } | { set_lead_stage: SetLeadStage };

/**
 * How the connection stands.
 */
export type ConnectionState = { type: "off" } | { type: "waiting"; code?: Code; detail?: string; retryAt: WallTime } | { type: "connecting" } | { type: "catching_up" } | { type: "online" } | ({ type: "rejected" } & Cause) | { type: "closed" };

/**
 * A contact; its id is its key in the home document.
 */
export interface Contact {
    /**
     * Its kind.
     */
    kind: ContactKind;
    /**
     * The linked account, the preferred link.
     */
    account?: AccountId;
    /**
     * The account's own name for it, ≤ 120 characters.
     */
    nickname?: string;
    /**
     * True if it is a favorite.
     */
    favorite: boolean;
    /**
     * Its phone number, in E.164 form. A text here, so that an invalid one can be refused with a code that
     * says so.
     */
    phone?: string;
    /**
     * Its e-mail address.
     */
    email?: string;
}

/**
 * An entry of an account's address book.
 */
export type ContactId = string;

/**
 * The kind of a contact.
 */
export type ContactKind = "person" | "service" | "bot" | "unknown";

/**
 * A match.
 */
export interface ContactMatch {
    /**
     * The index of the contact point in the request.
     */
    index: number;
    /**
     * The normalized contact point: a number in E.164 form, an address in lower case.
     */
    point: string;
    /**
     * The account it belongs to.
     */
    account: AccountId;
}

/**
 * An entry of the account's address book.
 */
export interface ContactRow extends Contact {
    /**
     * Its id.
     */
    id: ContactId;
}

/**
 * The content of a message.
 */
export type Content = ({ kind: "text" } & Text) | ({ kind: "location" } & Location) | ({ kind: "custom" } & Custom) | ({ kind: "proposal" } & Proposal) | ({ kind: "proposal_response" } & ProposalResponse) | ({ kind: "unknown" } & Unknown);

/**
 * A conversation in full.
 */
export interface ConversationDetail {
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
    /**
     * Its kind.
     */
    kind: ConversationKind;
    /**
     * The resource that it is about, for a resource conversation.
     */
    resource?: Resource;
    /**
     * The newest lead, for a resource conversation.
     */
    lead?: Lead;
    /**
     * The own party, for a resource conversation.
     */
    party?: Party;
    /**
     * The message that a thread starts from.
     */
    parent?: Parent;
    /**
     * Its public name, for search.
     */
    name?: string;
    /**
     * Its title.
     */
    title?: string;
    /**
     * Its description.
     */
    description?: string;
    /**
     * URL of its picture.
     */
    avatarUrl?: string;
    /**
     * Its colors and wallpaper.
     */
    theme?: Theme;
    /**
     * Its visibility.
     */
    scope: Scope;
    /**
     * Its state.
     */
    state: ConversationState;
    /**
     * True if only moderators and above may write.
     */
    locked: boolean;
    /**
     * Its policies.
     */
    policies: Policies;
    /**
     * The roles that a member can have, built-in and custom, by falling rank.
     */
    roles: RoleRow[];
    /**
     * When it was created.
     */
    createdAt: WallTime;
    /**
     * The account that created it.
     */
    createdBy: AccountId;
    /**
     * When its own document last changed, by the server's clock. Messages do not count.
     */
    updatedAt: WallTime;
    /**
     * The account that it belongs to, if not its creator.
     */
    account?: AccountId;
    /**
     * The object in another service that it belongs to.
     */
    link?: Link;
    /**
     * The number of its subscribers, as last reported by the server.
     */
    subscriberCount: number;
    /**
     * The own role; none for a tenant administrator who is not a member.
     */
    role?: Role;
    /**
     * The own membership status; none for a tenant administrator who is not a member.
     */
    status?: MemberStatus;
    /**
     * What the own account may do, by role, policies, grants and denials; empty if not active, and everything
     * for a tenant administrator.
     */
    permissions: Permissions;
    /**
     * All members, by rank and then name.
     */
    members: MemberRow[];
    /**
     * Invited, requesting and banned accounts, by name.
     */
    candidates: MemberRow[];
    /**
     * Accounts that left or were removed, the latest first; at most 200.
     */
    former: MemberRow[];
    /**
     * The invite links, newest first; empty for accounts that may not create any.
     */
    invites: InviteRow[];
    /**
     * Held messages, oldest first; empty for accounts that may not decide about them.
     */
    held: HeldRow[];
    /**
     * The pinned messages, newest pin first.
     */
    pins: PinRow[];
}

/**
 * A conversation. Random for groups, derived for directs, threads and resources.
 */
export type ConversationId = string;

/**
 * The kind of a conversation, fixed at creation.
 */
export type ConversationKind = "direct" | "group" | "channel" | "support" | "system" | "resource" | "thread" | "unknown";

/**
 * A conversation in the list.
 */
export interface ConversationRow {
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
    /**
     * Its kind.
     */
    kind: ConversationKind;
    /**
     * Its title, if it has one.
     */
    title?: string;
    /**
     * The name to show: the title, or the names of the others; empty if there is neither.
     */
    name: string;
    /**
     * Some of the others, by account: the peer of a direct, a few of a group.
     */
    others: AccountId[];
    /**
     * Its state.
     */
    state: ConversationState;
    /**
     * The own role.
     */
    role: Role;
    /**
     * The own membership status.
     */
    status: MemberStatus;
    /**
     * Its active members.
     */
    memberCount: number;
    /**
     * Its newest message.
     */
    lastMessage?: LastMessageRow;
    /**
     * Unread messages of others, counted to 9,999.
     */
    unread: number;
    /**
     * Own commands in it that are not admitted yet.
     */
    pending: number;
    /**
     * Time of the latest activity, which orders the list.
     */
    activityAt: WallTime;
    /**
     * Until when notifications are muted.
     */
    mutedUntil?: WallTime;
    /**
     * Since when it is pinned to the top of the list.
     */
    pinnedAt?: WallTime;
    /**
     * Since when it is archived.
     */
    archivedAt?: WallTime;
    /**
     * The number of its subscribers, as last reported by the server.
     */
    subscriberCount: number;
    /**
     * The notification level that the account chose.
     */
    notifications: NotificationLevel;
    /**
     * True if the other member of a direct conversation is blocked.
     */
    blocked: boolean;
    /**
     * The id of the resource that it is about.
     */
    resource?: string;
    /**
     * Why some pending commands wait, and until when; none while all are on their way.
     */
    waits?: Wait;
}

/**
 * The state of a conversation.
 */
export type ConversationState = "active" | "archived" | "closed" | "deleted" | "unknown";

/**
 * Creates a conversation with a roster. The creator is its owner; the others
 * are members.
 */
export interface CreateConversation {
    /**
     * Its kind; a direct has its own command.
     */
    kind: Exclude<ConversationKind, "direct" | "thread" | "resource">;
    /**
     * Its title.
     */
    title?: string;
    /**
     * Its name for search, which a public one has.
     */
    name?: string;
    /**
     * Who may know of it; private if left out.
     */
    scope?: Scope;
    /**
     * The policies that are not the kind's own.
     */
    policies?: Policy[];
    /**
     * Who is in it from the start, beside the creator.
     */
    members?: AccountId[];
    /**
     * The account that it belongs to, if not its creator; for an administrator of the tenant to say.
     */
    account?: AccountId;
    /**
     * The object of another service that it is the back of; for an administrator of the tenant to say.
     */
    link?: Link;
}

/**
 * Opens the direct with somebody.
 */
export interface CreateDirect {
    /**
     * The other one.
     */
    peer: AccountId;
}

/**
 * Asks the owner of a resource about it.
 */
export interface CreateResource {
    /**
     * The resource's id, of the operator's, 1–64 characters.
     */
    resource: string;
    /**
     * What it is called.
     */
    title?: string;
    /**
     * Whose it is.
     */
    owner: AccountId;
    /**
     * What the owner is called.
     */
    ownerName?: string;
    /**
     * What the commanding account, the client, is called.
     */
    clientName?: string;
    /**
     * What the client wants, in a name of the operator's, ≤ 64 characters.
     */
    intent?: string;
    /**
     * How the client wants to be reached, in a name of the operator's, ≤ 64 characters.
     */
    contactChannel?: string;
}

/**
 * Opens a thread from a message of a conversation, or of one of its threads.
 */
export interface CreateThread {
    /**
     * Where: the conversation whose stream it is, also for a thread of a thread.
     */
    conversation: ConversationId;
    /**
     * From which message.
     */
    message: MessageId;
    /**
     * Its title.
     */
    title?: string;
}

/**
 * A type of content that an application defines for itself, such as a poll or a payment. Only the application
 * understands it; since it may show anything, it counts as media.
 */
export interface Custom {
    /**
     * A text to show in lists, and where the type is unknown.
     */
    text?: string;
    /**
     * The application's name of the type: lower-case letters, digits and `-_.`, 64 at most.
     */
    type: string;
    /**
     * Data for the application, 8,000 bytes at most; none in a preview. The package reads and writes JSON
     * here, but other clients may have written something else.
     */
    payload?: unknown;
}

/**
 * Defines, changes or removes one of a conversation's own roles.
 */
export interface DefineRole {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * What it is called.
     */
    name: Role;
    /**
     * What it is; none removes it.
     */
    role?: RoleDefinition;
}

/**
 * Takes a message back.
 */
export interface DeleteMessage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The message it applies to.
     */
    message: MessageId;
}

/**
 * A page of the directory. It may have fewer rows than there are, or none, and a next page.
 */
export interface DirectoryPage {
    /**
     * The rows, by the word they were found under.
     */
    rows: DirectoryRow[];
    /**
     * Where the next page begins; none after the last.
     */
    next?: WordKey;
}

/**
 * A query of public conversations, by the words of their title and name.
 */
export interface DirectoryQuery {
    /**
     * Prefixes of words of a title or name, or `@` and the prefix of a name.
     */
    words?: string;
    /**
     * Only these kinds; every kind if empty.
     */
    kinds?: ConversationKind[];
    /**
     * The key to continue after; none for the first page.
     */
    after?: WordKey;
    /**
     * Maximum number of rows, up to `PAGE_MAX`; 0 for `PAGE_MAX`.
     */
    limit?: number;
}

/**
 * A public conversation in the directory.
 */
export interface DirectoryRow extends Listing {
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
    /**
     * Its kind.
     */
    kind: ConversationKind;
    /**
     * Its title.
     */
    title?: string;
    /**
     * Its active members.
     */
    memberCount: number;
    /**
     * The number of its subscribers.
     */
    subscriberCount: number;
    /**
     * The own membership status; none if there never was one.
     */
    status?: MemberStatus;
}

/**
 * Edits an own message.
 */
export interface EditMessage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The message it applies to.
     */
    message: MessageId;
    /**
     * What it is to say, of the same kind as before.
     */
    content: Content;
}

/**
 * The account of an engine, and its options.
 */
export interface EngineConfig {
    /**
     * The tenant.
     */
    tenant: TenantId;
    /**
     * The account.
     */
    account: AccountId;
    /**
     * 32 bytes of fresh entropy.
     */
    seed: Bytes;
    /**
     * If true, the engine judges every admitted entry again.
     */
    verify?: boolean;
    /**
     * Number of conversations to fetch ahead, by newest activity, so that they can be read without a network.
     * 50 if left out, 0 for none.
     */
    prefetchConversations?: number;
}

/**
 * Closes a resource conversation with its lead, which was won or lost.
 */
export interface FinalizeLead {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * How the lead ended.
     */
    outcome: LeadOutcome;
    /**
     * Why, ≤ 500 characters.
     */
    reason?: string;
}

/**
 * One permission granted or denied to one member.
 */
export interface Grant {
    /**
     * True if granted, false if denied.
     */
    allowed: boolean;
    /**
     * The account that granted or denied it.
     */
    by: AccountId;
    /**
     * When, by their clock.
     */
    at: WallTime;
    /**
     * When it expires; none for never.
     */
    until?: WallTime;
}

/**
 * One permission granted or denied to one member.
 */
export interface GrantRow extends Grant {
    /**
     * The permission it applies to.
     */
    permission: Permission;
}

/**
 * A held message of a removed member.
 */
export interface HeldRow {
    /**
     * The id of the message.
     */
    message: MessageId;
    /**
     * Its author.
     */
    author: AccountId;
    /**
     * When it was held.
     */
    at: WallTime;
    /**
     * The thread it was written in, if it was one.
     */
    thread?: ConversationId;
    /**
     * Its content; none until the server has sent it.
     */
    content?: Content;
}

/**
 * The end of a stream, with the hash of its journal. Devices with equal hashes at a position were sent the
 * same entries; with different hashes, different ones.
 */
export interface HistoryHead {
    /**
     * The last position; zero before the first entry.
     */
    position: Position;
    /**
     * The hash at it, in hexadecimal.
     */
    hash: string;
}

/**
 * A text that describes a conversation.
 */
export type InfoField = "name" | "title" | "description" | "avatar_url" | "resource_title";

/**
 * One input. After each the caller drains the outputs.
 */
export type Input = { command: { request: number; command: Command } } | { retry_refused: { request: number; id: number; words?: string } } | { discard_refused: { id: number } } | { list: { request: number; query: Query } } | { head: { request: number; conversation: ConversationId } } | { open_conversation: ConversationId } | { open_thread: { conversation: ConversationId; thread: ConversationId } } | { close_conversation: ConversationId } | { load_older: ConversationId } | { mark_read: ConversationId } | { typing: { conversation: ConversationId; on: boolean } } | { match_contacts: { request: number; points: string[]; region?: string } } | { list_subscribers: { request: number; conversation: ConversationId; reached?: MessageId; after?: AccountId; limit: number } } | { set_network: boolean } | "connect_now" | { token: string } | { token_failed: string } | "link_opened" | "link_lost" | "timer_due" | "close";

/**
 * An invite link. Its code is stored nowhere: its id is derived from the code by a one-way function.
 */
export interface Invite {
    /**
     * The role of accounts that join with it: member at most.
     */
    role: Role;
    /**
     * When it expires; none for never.
     */
    until?: WallTime;
    /**
     * Maximum number of accounts that can join with it; none for unlimited.
     */
    usesMax?: number;
    /**
     * True if it can be used at the moment.
     */
    enabled: boolean;
    /**
     * The account that made it.
     */
    by: AccountId;
    /**
     * When it was made.
     */
    at: WallTime;
}

/**
 * The secret in an invite link: 128 random bits. Whoever has it may use the link.
 */
export type InviteCode = string;

/**
 * An invite link, derived from its code.
 */
export type InviteId = string;

/**
 * Invites somebody, who is in once they accept.
 */
export interface InviteMember {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * As what.
     */
    role: Role;
}

/**
 * An invite link in the panel. Only its maker, and those they gave it to, know its code.
 */
export interface InviteRow extends Invite {
    /**
     * Its id.
     */
    id: InviteId;
    /**
     * The number of accounts that joined with it.
     */
    uses: number;
}

/**
 * What an invite link does.
 */
export interface InviteTerms {
    /**
     * What who comes in by it becomes.
     */
    role: Role;
    /**
     * From when on it lets nobody in; none for never.
     */
    until?: WallTime;
    /**
     * How many it lets in; none for any number.
     */
    usesMax?: number;
    /**
     * Whether it lets anybody in.
     */
    enabled: boolean;
}

/**
 * Values of the policy on how accounts join.
 */
export type JoinPolicy = "invite_only" | "link_join" | "open" | "unknown";

/**
 * The newest message of a conversation.
 */
export interface LastMessageRow {
    /**
     * The id of the message.
     */
    message: MessageId;
    /**
     * Its author.
     */
    author: AccountId;
    /**
     * An excerpt of its content; none if deleted.
     */
    preview?: Content;
    /**
     * Its place in the journal.
     */
    position: Position;
}

/**
 * Values of the policy on messages that a removed member wrote before the removal reached them.
 */
export type LateWrites = "refuse" | "hold" | "unknown";

/**
 * A lead as the conversation's document states it.
 */
export interface Lead {
    /**
     * Its number within the conversation.
     */
    number: number;
    /**
     * The account that opened it.
     */
    openedBy: AccountId;
    /**
     * When it was opened.
     */
    openedAt: WallTime;
    /**
     * The client's intent.
     */
    intent?: string;
    /**
     * The channel by which the client wants to be reached.
     */
    contactChannel?: string;
    /**
     * Its stage.
     */
    stage: LeadStage;
    /**
     * True if it is archived, with its conversation. Independent of the stage.
     */
    isArchived: boolean;
    /**
     * The reason why it was closed, if one was given.
     */
    closureReason?: string;
}

/**
 * The outcome of a lead.
 */
export type LeadOutcome = "won" | "lost";

/**
 * The stage of a lead: `open`, `closed_won`, `closed_lost`, or one of the operator's own in between.
 * A name of 1 to 32 lower-case letters, digits and underscores that begins with a letter.
 */
export type LeadStage = "open" | "closed_won" | "closed_lost" | (string & {});

/**
 * Leaves a group.
 */
export interface LeaveConversation {
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
}

/**
 * An object in another service that a conversation belongs to.
 */
export interface Link {
    /**
     * The kind of object.
     */
    kind: LinkKind;
    /**
     * Its id there, 1–64 characters.
     */
    id: string;
}

/**
 * The kind of object that a conversation belongs to.
 */
export type LinkKind = "partner" | "community" | "group" | "channel" | "unknown";

/**
 * A page of a list.
 */
export type ListPage = { type: "own"; page: OwnPage } | { type: "directory"; page: DirectoryPage };

/**
 * The public part of a conversation, beside its kind, title and number of members.
 */
export interface Listing {
    /**
     * Its name.
     */
    name?: string;
    /**
     * Its description.
     */
    description?: string;
    /**
     * URL of its picture.
     */
    avatarUrl?: string;
    /**
     * How accounts join.
     */
    join: JoinPolicy;
    /**
     * True if accounts that join wait for approval.
     */
    joinApproval: boolean;
}

/**
 * A place on Earth, in WGS 84 coordinates. They are integers, so that a place is the same on every device: a
 * ten-millionth of a degree is a centimetre.
 */
export interface Location {
    /**
     * The name of the place, 120 characters at most.
     */
    name?: string;
    /**
     * North of the equator, in ten-millionths of a degree; in degrees in JSON.
     */
    latitude: number;
    /**
     * East of Greenwich, in ten-millionths of a degree; in degrees in JSON.
     */
    longitude: number;
}

/**
 * The kind of a meeting.
 */
export type MeetingKind = "on_site" | "video_call" | "unknown";

/**
 * A change of one account's row in a detail.
 */
export interface MemberChange {
    /**
     * The member's account.
     */
    account: AccountId;
    /**
     * The new row; none if the account is in no list any more.
     */
    row?: PlacedMember;
}

/**
 * A text of a member's own entry in a conversation.
 */
export type MemberField = "display_name" | "color";

/**
 * A member in the panel.
 */
export interface MemberRow {
    /**
     * The member's account.
     */
    account: AccountId;
    /**
     * The name to show: the one chosen here, or the profile's.
     */
    name: string;
    /**
     * Their color here.
     */
    color?: string;
    /**
     * The role.
     */
    role: Role;
    /**
     * Their membership status.
     */
    status: MemberStatus;
    /**
     * Since when they have this status, by the clock of whoever set it.
     */
    statusAt?: WallTime;
    /**
     * Who set the status: the member if they left, or whoever removed or banned them.
     */
    statusBy?: AccountId;
    /**
     * When they became a member.
     */
    joinedAt?: WallTime;
    /**
     * The account that added or invited them.
     */
    invitedBy?: AccountId;
    /**
     * Grants and denials beside the role that have not expired.
     */
    grants: GrantRow[];
    /**
     * Their presence.
     */
    presence: PresenceKind;
    /**
     * True if they are below the own rank, so that whoever has the permission may act on them.
     */
    below: boolean;
}

/**
 * The status of a member.
 */
export type MemberStatus = "active" | "invited" | "requested" | "left" | "removed" | "banned" | "subscribed" | "unknown";

/**
 * A request of an account that is not a member.
 */
export type MembershipAction = { join: InviteCode | undefined } | "accept" | "decline";

/**
 * A message: its stamp, then its author, so ids sort by time and ownership
 * is part of the id. Printed as `{stamp}.{account}`.
 */
export type MessageId = string;

/**
 * Progress of a message.
 */
export type MessageState = "pending" | "sent" | "delivered" | "read" | "refused" | "unknown";

/**
 * The messages of a conversation that an account is notified of.
 */
export type NotificationLevel = "all" | "mentions" | "none" | "unknown";

/**
 * One output.
 */
export type Output = { type: "send"; frame: Bytes } | { type: "storage"; task: number; request: StorageRequest } | { type: "update"; update: Update } | { type: "need_token"; refused?: Cause } | { type: "connect" } | { type: "disconnect" } | { type: "wake_at"; at: number };

/**
 * A page of the own conversations.
 */
export interface OwnPage {
    /**
     * The rows, by newest activity.
     */
    rows: ConversationRow[];
    /**
     * Where the next page begins; none after the last.
     */
    next?: ActivityKey;
    /**
     * Whether no row can be missing: a device alone lacks conversations that the account left, and
     * everything before it first caught up.
     */
    complete: boolean;
}

/**
 * A query of the own conversations, by newest activity.
 */
export interface OwnQuery {
    /**
     * Only these kinds; every kind if empty.
     */
    kinds?: ConversationKind[];
    /**
     * Only conversations with these own statuses. If empty: active, invited and requested ones.
     */
    statuses?: MemberStatus[];
    /**
     * Only these states; all but deleted if empty. Does not apply to conversations that the account has left.
     */
    states?: ConversationState[];
    /**
     * The key to continue after; none for the first page.
     */
    after?: ActivityKey;
    /**
     * Maximum number of rows, up to `PAGE_MAX`; 0 for `PAGE_MAX`.
     */
    limit?: number;
    /**
     * Only about the resource with this id.
     */
    resource?: string;
    /**
     * Only those whose name has words with these prefixes. Never sent: only the device knows what a person
     * calls their conversations.
     */
    words?: string;
}

/**
 * The message that a thread starts from.
 */
export interface Parent {
    /**
     * The conversation, or the thread in its stream, that the message is in.
     */
    conversation: ConversationId;
    /**
     * The message.
     */
    message: MessageId;
    /**
     * The depth of the thread: 1 in a conversation, 2 in a thread of a thread …
     */
    depth: number;
}

/**
 * The side on which somebody takes part in a resource conversation.
 */
export type Party = "client" | "owner" | "staff" | "root" | "unknown";

/**
 * A permission in a conversation.
 */
export type Permission = "message:send" | "message:send_media" | "message:edit" | "message:delete" | "message:react" | "message:schedule" | "thread:create" | "proposal:send" | "proposal:respond" | "conversation:close" | "message:delete_any" | "mention:all" | "pin:add" | "pin:remove" | "member:approve" | "member:mute" | "member:add" | "member:remove" | "member:ban" | "member:role" | "member:permissions" | "invite:create" | "conversation:info" | "conversation:archive" | "conversation:lock" | "conversation:settings" | "conversation:delete" | "role:define" | "encryption:change";

/**
 * A set of permissions, encoded as the list of their names. Names from a newer version are ignored, and grant
 * nothing here.
 */
export type Permissions = Permission[];

/**
 * Pins a message for everybody.
 */
export interface PinMessage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The message it applies to.
     */
    message: MessageId;
}

/**
 * A pin in the panel.
 */
export interface PinRow {
    /**
     * The message.
     */
    message: MessageId;
    /**
     * The account that pinned it.
     */
    by: AccountId;
    /**
     * When it was pinned.
     */
    at: WallTime;
    /**
     * An excerpt of its content; none if it is not loaded or was deleted.
     */
    preview?: Content;
}

/**
 * A row and its place.
 */
export interface PlacedMember {
    /**
     * The list it is in.
     */
    roster: Roster;
    /**
     * Its index in the list, after the account's previous row is removed.
     */
    place: number;
    /**
     * The row.
     */
    member: MemberRow;
}

/**
 * The policies of a conversation, under their stable names.
 */
export interface Policies {
    /**
     * Who may send messages.
     */
    send: SendPolicy;
    /**
     * How accounts join.
     */
    join: JoinPolicy;
    /**
     * If true, accounts that join by a link or on their own wait for approval.
     */
    join_approval: boolean;
    /**
     * Who may add members.
     */
    add_members: WhoPolicy;
    /**
     * Who may change the texts that describe the conversation.
     */
    info_edit: WhoPolicy;
    /**
     * Who may open threads.
     */
    subrooms: SubroomPolicy;
    /**
     * Maximum depth of nested threads, 0–32.
     */
    subroom_depth_max: number;
    /**
     * Days until a message is erased, 0–36,500; 0 keeps it.
     */
    retention_days: number;
    /**
     * Seconds between two messages of one account, 0–86,400; 0 for no slow mode.
     */
    slow_mode_seconds: number;
    /**
     * If false, reactions are forbidden.
     */
    reactions: boolean;
    /**
     * If false, stickers are forbidden.
     */
    stickers: boolean;
    /**
     * If false, attachments are forbidden.
     */
    attachments: boolean;
    /**
     * Handling of messages that a removed member wrote before they knew.
     */
    late_writes: LateWrites;
}

/**
 * One policy with its value, such as `{ send: "moderators" }`.
 */
export type Policy = { send: SendPolicy } | { join: JoinPolicy } | { join_approval: boolean } | { add_members: WhoPolicy } | { info_edit: WhoPolicy } | { subrooms: SubroomPolicy } | { subroom_depth_max: number } | { retention_days: number } | { slow_mode_seconds: number } | { reactions: boolean } | { stickers: boolean } | { attachments: boolean } | { late_writes: LateWrites };

/**
 * A place in a stream's journal: 1, 2, 3 …; 0 is before the first.
 */
export type Position = number;

/**
 * The activity of an account in a conversation.
 */
export type PresenceKind = "online" | "typing" | "idle" | "offline" | "unknown";

/**
 * The public fields of an account, each empty until written. Its owner writes all but the two times, which the
 * server sets.
 */
export interface Profile {
    /**
     * The kind of account.
     */
    kind?: AccountKind;
    /**
     * The name for people, ≤ 120 characters.
     */
    displayName?: string;
    /**
     * URL of the picture, ≤ 2,048 bytes.
     */
    avatarUrl?: string;
    /**
     * A short description, ≤ 160 characters.
     */
    bio?: string;
    /**
     * The current status, ≤ 80 characters.
     */
    status?: string;
    /**
     * The account's name in the operator's own systems, ≤ 64 characters.
     */
    reference?: string;
    /**
     * When the server first accepted a change of it; no command sets it.
     */
    createdAt?: WallTime;
    /**
     * When the server last accepted a change of it; no command sets it.
     */
    updatedAt?: WallTime;
}

/**
 * A proposal. Its answer is not part of it: see [`ProposalAnswer`].
 */
export interface Proposal {
    /**
     * A summary as text, like that of a text message.
     */
    text?: string;
    /**
     * The kind of proposal.
     */
    proposalType: ProposalKind;
    /**
     * When it begins.
     */
    timeStart: WallTime;
    /**
     * When it ends: later than it begins.
     */
    timeEnd: WallTime;
    /**
     * The time zone in which both are shown, in a name of the IANA database such as `America/Mexico_City`.
     */
    timezone: string;
    /**
     * The kind of meeting; required for a visit.
     */
    meetingType?: MeetingKind;
    /**
     * The address, or the link of the call; ≤ 500 characters.
     */
    location?: string;
    /**
     * True if the location is the resource's own address.
     */
    fromResourceAddress: boolean;
    /**
     * When it expires; none for never.
     */
    expiresAt?: WallTime;
    /**
     * The party of its author, which the command fills in.
     */
    createdByRole?: Party;
}

/**
 * The kind of a proposal.
 */
export type ProposalKind = "visit" | "booking_manual" | "unknown";

/**
 * A response to one proposal of the same timeline.
 */
export interface ProposalResponse {
    /**
     * The client's comment, ≤ 1,000 characters.
     */
    comment?: string;
    /**
     * The proposal.
     */
    proposal: MessageId;
    /**
     * The client's decision.
     */
    response: ResponseKind;
    /**
     * Alternative times, with a request for a change; at most ten.
     */
    suggestedSlots?: Slot[];
}

/**
 * The state of a proposal, counting responses that are not admitted yet.
 */
export interface ProposalRow {
    /**
     * Its status by the server's time; the row is updated when the proposal expires.
     */
    status: ProposalStatus;
    /**
     * The response that determined the status.
     */
    response?: MessageId;
}

/**
 * The status of a proposal. It follows from the responses, and from its expiry.
 */
export type ProposalStatus = "pending" | "accepted" | "rejected" | "reschedule_requested" | "expired" | "unknown";

/**
 * A query of one of the lists.
 */
export type Query = { own: OwnQuery } | { directory: DirectoryQuery };

/**
 * Who may invite an account, add it, or begin a direct conversation with it.
 */
export type Reachability = "everybody" | "contacts" | "nobody" | "unknown";

/**
 * Puts an emoji on a message.
 */
export interface React {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * On which message.
     */
    message: MessageId;
    /**
     * The emoji.
     */
    emoji: string;
}

/**
 * The reactions with one emoji.
 */
export interface ReactionRow {
    /**
     * The emoji.
     */
    emoji: string;
    /**
     * The accounts that reacted.
     */
    accounts: AccountId[];
    /**
     * True if the own account is among them.
     */
    own: boolean;
}

/**
 * A refused command.
 */
export interface RefusedRow {
    /**
     * Identifies it for retry and discard.
     */
    id: number;
    /**
     * The conversation; none for a command about the account itself.
     */
    conversation?: ConversationId;
    /**
     * The thread of that conversation, if it was for one.
     */
    thread?: ConversationId;
    /**
     * The name of the command, such as `send_message`.
     */
    command: string;
    /**
     * The text written with it.
     */
    words?: string;
    /**
     * The content of the message that it sends or edits.
     */
    content?: Content;
    /**
     * The message that it sends or is about.
     */
    message?: MessageId;
    /**
     * The reason.
     */
    code: Code;
    /**
     * True if the same command may succeed later.
     */
    retryable: boolean;
    /**
     * Detail for debugging.
     */
    detail: string;
    /**
     * When it was written.
     */
    createdAt: WallTime;
}

/**
 * Removes a contact.
 */
export interface RemoveContact {
    /**
     * The id of the contact.
     */
    id: ContactId;
}

/**
 * Removes a member from a group.
 */
export interface RemoveMember {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
}

/**
 * The message that another one replies to.
 */
export interface ReplyRow {
    /**
     * The id of the message.
     */
    id: MessageId;
    /**
     * The account that wrote it.
     */
    author: AccountId;
    /**
     * Its author's name.
     */
    authorName: string;
    /**
     * An excerpt of its content; none if it is not loaded or was deleted.
     */
    preview?: Content;
}

/**
 * Joins a conversation, takes or declines an invitation. It becomes no change
 * of this device, which cannot read the conversation: the server writes what
 * follows.
 */
export interface RequestMembership {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * What is asked for.
     */
    action: MembershipAction;
}

/**
 * Something of the operator's that a client discusses with its owner.
 */
export interface Resource {
    /**
     * Its id in the operator's system, 1–64 characters.
     */
    id: string;
    /**
     * Its title, ≤ 200 characters; in what is shown, the present one.
     */
    title?: string;
    /**
     * The account that asks about it, and creates the conversation.
     */
    client: AccountId;
    /**
     * The client's name, ≤ 120 characters; in what is shown, the present one where it is known.
     */
    clientName?: string;
    /**
     * The account that owns it.
     */
    owner: AccountId;
    /**
     * The owner's name, likewise.
     */
    ownerName?: string;
}

/**
 * The client's decision.
 */
export type ResponseKind = "accept" | "reject" | "request_change" | "unknown";

/**
 * The role of a member: a built-in role, or the name of a custom one.
 */
export type Role = "owner" | "admin" | "moderator" | "member" | "guest" | "subscriber" | (string & {});

/**
 * The definition of a custom role.
 */
export interface RoleDefinition {
    /**
     * Its rank, 1–99: members below it can be acted on.
     */
    rank: number;
    /**
     * Its permissions.
     */
    permissions: Permissions;
}

/**
 * A role that a member of a conversation can have.
 */
export interface RoleRow {
    /**
     * The name of the role.
     */
    name: Role;
    /**
     * Its rank: members of a lower rank can be acted on.
     */
    rank: number;
    /**
     * The permissions it carries.
     */
    permissions: Permissions;
    /**
     * True if the conversation defines it itself.
     */
    custom: boolean;
}

/**
 * The list of a detail that a member is in.
 */
export type Roster = "members" | "candidates" | "former";

/**
 * The visibility of a conversation.
 */
export type Scope = "private" | "organization" | "public" | "unknown";

/**
 * Sends a message. Its id is given once and kept through every rewriting.
 */
export interface SendMessage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * What it says.
     */
    content: Content;
    /**
     * The message it answers.
     */
    replyTo?: MessageId;
    /**
     * The accounts it mentions.
     */
    mentions?: AccountId[];
    /**
     * The thread of the conversation that it is written in.
     */
    thread?: ConversationId;
}

/**
 * Values of the policy on who may send messages.
 */
export type SendPolicy = "all_members" | "moderators" | "admins_only" | "unknown";

/**
 * A fault of the server: it sent another history than before, admitted an entry that its own rules refuse, or sent
 * an entry or a state that cannot be applied. Reported when it is noticed, and not stored.
 */
export interface ServerFault {
    /**
     * The conversation; none for the own account's documents.
     */
    conversation?: ConversationId;
    /**
     * The entry's place in the journal; for a state the last one that it holds.
     */
    position: Position;
    /**
     * The account that the entry is said to be of; none for a state.
     */
    account?: AccountId;
    /**
     * The code that the server should have refused it with, or the reason that it cannot be read for.
     */
    code: Code;
    /**
     * More about it, for people who debug; never content.
     */
    detail: string;
}

/**
 * Mutes, pins or archives a conversation for oneself.
 */
export interface SetConversationSetting {
    /**
     * Which conversation.
     */
    conversation: ConversationId;
    /**
     * What about it.
     */
    setting: SettingChange;
}

/**
 * Changes name, title, description or picture of a conversation.
 */
export interface SetInfo {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Which text.
     */
    field: InfoField;
    /**
     * The new one; none removes it.
     */
    text?: string;
}

/**
 * Makes an invite link, changes one or takes one away. To rotate one is to
 * take it away and make another.
 */
export interface SetInvite {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Which, made from its code.
     */
    invite: InviteId;
    /**
     * What it is then; none takes it away.
     */
    terms?: InviteTerms;
}

/**
 * Moves the lead of a resource conversation to a stage that does not close it.
 */
export interface SetLeadStage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The new stage.
     */
    stage: LeadStage;
}

/**
 * Locks a conversation to all but moderators and above, or unlocks it.
 */
export interface SetLocked {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Whether it is locked then.
     */
    locked: boolean;
}

/**
 * Changes the own name or color in one conversation.
 */
export interface SetMemberText {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The field that is set.
     */
    field: MemberField;
    /**
     * The new one; none removes it.
     */
    text?: string;
}

/**
 * Grants or denies a member one permission, beside their role.
 */
export interface SetPermission {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * The permission it applies to.
     */
    permission: Permission;
    /**
     * Whether they hold it; none goes back to what the role says.
     */
    allowed?: boolean;
    /**
     * From when on it goes back by itself; none for never.
     */
    until?: WallTime;
}

/**
 * Changes a policy of a conversation.
 */
export interface SetPolicy {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Which, and what it says now.
     */
    policy: Policy;
}

/**
 * Changes the own profile, or another account's.
 */
export interface SetProfile {
    /**
     * The profile as it shall be; a field without a value is removed. Its times are not read.
     */
    profile: Profile;
    /**
     * Whose it is, if not the own one; for an administrator of the tenant to say.
     */
    account?: AccountId;
}

/**
 * Says who may reach the own account.
 */
export interface SetReachability {
    /**
     * Who may reach the account first.
     */
    reachability: Reachability;
}

/**
 * Changes who may know of a conversation.
 */
export interface SetScope {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Who may.
     */
    scope: Scope;
}

/**
 * Archives, closes, reopens or deletes a conversation for everybody.
 */
export interface SetState {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * What it is then.
     */
    state: ConversationState;
}

/**
 * Changes how a conversation looks.
 */
export interface SetTheme {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The new look; none for the app's own.
     */
    theme?: Theme;
}

/**
 * Changes what a thread says of itself.
 */
export interface SetThread {
    /**
     * The conversation whose stream it is.
     */
    conversation: ConversationId;
    /**
     * The thread it applies to.
     */
    thread: ConversationId;
    /**
     * What of it.
     */
    change: ThreadChange;
}

/**
 * What is set.
 */
export type SettingChange = { muted_until: WallTime | undefined } | { pinned: boolean } | { archived: boolean } | { notifications: NotificationLevel };

/**
 * A time that would suit the client.
 */
export interface Slot {
    /**
     * When it begins.
     */
    startDateTime: WallTime;
    /**
     * When it ends: later than it begins.
     */
    endDateTime: WallTime;
    /**
     * The time zone in which both are shown, in a name of the IANA database.
     */
    timezone: string;
}

/**
 * An answer of the store. After a failure nothing of the request was done.
 */
export type StorageAnswer = { records: StorageRecord[] } | "written" | { failed: StorageCode };

/**
 * Why the store failed.
 */
export type StorageCode = "storage_full" | "storage_blocked" | "storage_corrupt" | "storage_gone";

/**
 * A stored record.
 */
export interface StorageRecord {
    /**
     * Its key.
     */
    key: string;
    /**
     * Its bytes.
     */
    value: Bytes;
}

/**
 * A request to the store, carried out in one transaction.
 */
export type StorageRequest = { type: "read"; prefixes: string[] } | { type: "write"; writes: Write[] };

/**
 * Values of the policy on who may open threads.
 */
export type SubroomPolicy = "all_members" | "admins_only" | "nobody" | "unknown";

/**
 * A subscriber.
 */
export interface Subscriber {
    /**
     * The account it is about.
     */
    account: AccountId;
    /**
     * Since when.
     */
    joinedAt: WallTime;
}

/**
 * Some of a channel's subscribers, by account.
 */
export interface SubscriberPage {
    /**
     * The number of subscribers.
     */
    count: number;
    /**
     * The number delivered to.
     */
    delivered: number;
    /**
     * The number that have read.
     */
    read: number;
    /**
     * Some of them; none after the last.
     */
    subscribers: Subscriber[];
}

/**
 * An isolated customer; every other id is scoped by it.
 */
export type TenantId = string;

/**
 * Text in a subset of Markdown.
 */
export interface Text {
    /**
     * The text, `message_characters_max` at most.
     */
    text: string;
}

/**
 * The look of a conversation.
 */
export interface Theme {
    /**
     * A picture behind the messages, ≤ 2,048 bytes.
     */
    backgroundUrl?: string;
    /**
     * Its color, `#RRGGBB`.
     */
    color?: string;
}

/**
 * What of a thread is changed.
 */
export type ThreadChange = { title: string | undefined } | { locked: boolean } | { state: ConversationState };

/**
 * A thread, as shown on the message that it starts from.
 */
export interface ThreadRow {
    /**
     * Its id.
     */
    id: ConversationId;
    /**
     * The number of messages in it, including pending and deleted ones.
     */
    replies: number;
    /**
     * When the last of them was admitted.
     */
    lastReplyAt?: WallTime;
    /**
     * Some of the accounts that wrote in it, the latest first.
     */
    participants: AccountId[];
}

/**
 * A message in a timeline.
 */
export interface TimelineRow {
    /**
     * Its id.
     */
    id: MessageId;
    /**
     * The account that wrote it.
     */
    author: AccountId;
    /**
     * Its author's name.
     */
    authorName: string;
    /**
     * True if the own account wrote it.
     */
    own: boolean;
    /**
     * Its current content; none if deleted.
     */
    content?: Content;
    /**
     * The account that deleted it, if it is deleted.
     */
    deletedBy?: AccountId;
    /**
     * When it was last edited, if ever.
     */
    editedAt?: WallTime;
    /**
     * The message it replies to.
     */
    replyTo?: ReplyRow;
    /**
     * The accounts it mentions.
     */
    mentions: AccountId[];
    /**
     * Its reactions, by emoji.
     */
    reactions: ReactionRow[];
    /**
     * When its author wrote it, by their clock.
     */
    createdAt: WallTime;
    /**
     * When it was admitted; none while pending.
     */
    acceptedAt?: WallTime;
    /**
     * Its place in the journal; none while pending.
     */
    position?: Position;
    /**
     * Progress of the message. Messages of others are `sent`.
     */
    state: MessageState;
    /**
     * The number of others who have read it; for own messages.
     */
    readBy: number;
    /**
     * True if it is pinned.
     */
    pinned: boolean;
    /**
     * True if an edit or a reaction of it is not admitted yet.
     */
    unsynced: boolean;
    /**
     * The thread that starts from it.
     */
    thread?: ThreadRow;
    /**
     * Why a pending message waits while others are sent, and until when.
     */
    waits?: Wait;
    /**
     * The state of the proposal, if it is one.
     */
    proposal?: ProposalRow;
}

/**
 * Rows of an open timeline.
 */
export interface TimelineUpdate {
    /**
     * The conversation.
     */
    conversation: ConversationId;
    /**
     * Whether the rows replace all that was shown before.
     */
    restart: boolean;
    /**
     * Rows that are new or changed.
     */
    rows: TimelineRow[];
    /**
     * Messages that are gone from the view: refused ones.
     */
    removed: MessageId[];
    /**
     * Whether `LoadOlder` would bring more.
     */
    hasOlder: boolean;
}

/**
 * Makes another member the owner, and oneself an admin.
 */
export interface TransferOwnership {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * Who is the owner then.
     */
    account: AccountId;
}

/**
 * Lifts a ban.
 */
export interface UnbanMember {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The account it applies to.
     */
    account: AccountId;
}

/**
 * Content of a kind that this version does not know, as it was written.
 */
export interface Unknown {
    /**
     * The name of the kind.
     */
    name: string;
    /**
     * The content in words, if it has any.
     */
    text?: string;
}

/**
 * Unpins a message.
 */
export interface UnpinMessage {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * The message it applies to.
     */
    message: MessageId;
}

/**
 * Takes an emoji off a message.
 */
export interface Unreact {
    /**
     * The conversation it applies to.
     */
    conversation: ConversationId;
    /**
     * On which message.
     */
    message: MessageId;
    /**
     * The emoji.
     */
    emoji: string;
}

/**
 * A change to be shown on the screen.
 */
export type Update = { type: "first_rows"; value: ConversationRow[] } | { type: "ready" } | { type: "connection"; value: ConnectionState } | { type: "conversations"; value: ConversationRow[] } | { type: "timeline"; value: TimelineUpdate } | { type: "conversation"; value: ConversationDetail } | { type: "members"; value: { conversation: ConversationId; changes: MemberChange[]; updatedAt: WallTime } } | { type: "gone"; value: ConversationId } | { type: "refused"; value: { rows: RefusedRow[]; removed: number[] } } | { type: "unsynced"; value: number } | { type: "presence"; value: { conversation: ConversationId; account: AccountId; kind: PresenceKind } } | { type: "profile"; value: { account: AccountId; profile: Profile } } | { type: "contacts"; value: { rows: ContactRow[]; removed: ContactId[] } } | { type: "blocked"; value: BlockedRow[] } | { type: "reachability"; value: Reachability } | { type: "command_stored"; value: { request: number; conversation?: ConversationId; message?: MessageId } } | { type: "contacts_matched"; value: { request: number; matches: ContactMatch[] } } | { type: "subscribers_listed"; value: { request: number; page: SubscriberPage } } | { type: "head"; value: { request: number; head?: HistoryHead } } | { type: "listed"; value: { request: number; page: ListPage } } | { type: "command_failed"; value: { request: number; code: Code; detail: string } } | { type: "storage_failed"; value: Code } | { type: "storage_recovered" } | { type: "server_fault"; value: ServerFault };

/**
 * Why a command waits.
 */
export interface Wait {
    /**
     * The server's reason, such as `slow_mode` or `rate_limited`.
     */
    code: Code;
    /**
     * The end of the wait, by the server's clock.
     */
    until: WallTime;
}

/**
 * Milliseconds since 1970, UTC, by some clock.
 */
export type WallTime = number;

/**
 * Values of a policy that opens an admins' permission to members.
 */
export type WhoPolicy = "all_members" | "admins_only" | "unknown";

/**
 * A place in the directory: by word, then by id.
 */
export interface WordKey {
    /**
     * The word by which it was found.
     */
    word: string;
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
}

/**
 * One write of a transaction. Keys are compared by their bytes in UTF-8.
 */
export type Write = { type: "put"; key: string; value: Bytes } | { type: "delete"; key: string } | { type: "delete_prefix"; prefix: string };
