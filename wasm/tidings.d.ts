// What the package's module takes and gives, long because it is all of it. `cargo xtask wasm` writes this file.

/**
 * A communication identity, named by the operator's identity provider: `auth0|…`, an e-mail
 * address, a UUID. What would have to be escaped in a key, an address or a log is not legal.
 */
export type AccountId = string;

/**
 * What an account is.
 */
export type AccountKind = "personal" | "bot" | "organization" | "service" | "unknown";

/**
 * A place in the order of activity: newest first, then by id.
 */
export interface ActivityKey {
    /**
     * When something last happened there.
     */
    at: WallTime;
    /**
     * The id of the conversation.
     */
    conversation: ConversationId;
}

/**
 * Somebody whom the own account has blocked.
 */
export interface BlockedRow {
    /**
     * The account it applies to.
     */
    account: AccountId;
    /**
     * Since when.
     */
    since: WallTime;
}

/**
 * Bytes of a frame or record.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Why there is no session: a code, and words for developers, which may be empty.
 */
export interface Cause {
    code: Code;
    detail: string;
}

/**
 * A stable code. Its name never changes its meaning.
 */
export type Code = "token_invalid" | "token_foreign" | "token_expired" | "token_unavailable" | "account_suspended" | "actor_conflict" | "version_unsupported" | "upgrade_required" | "frame_unknown" | "frame_malformed" | "frame_too_large" | "frame_unexpected" | "hello_timeout" | "slow_reader" | "session_replaced" | "too_many_sessions" | "too_many_watched" | "draining" | "store_unavailable" | "store_full" | "stream_damaged" | "store_restored" | "history_differs" | "internal" | "change_malformed" | "change_too_large" | "change_compressed" | "change_extras" | "column_illegal" | "too_many_operations" | "too_many_predecessors" | "too_many_dependencies" | "index_out_of_range" | "wrong_actors" | "wrong_actor" | "wrong_sequence" | "dependency_missing" | "wrong_start_operation" | "clock_ahead" | "time_invalid" | "wrong_checksum" | "not_canonical" | "operation_illegal" | "wrong_predecessors" | "document_unknown" | "snapshot_invalid" | "page_closed" | "page_not_open" | "page_full" | "stale" | "conversation_unknown" | "conversation_exists" | "name_taken" | "conversation_deleted" | "conversation_closed" | "conversation_archived" | "conversation_locked" | "thread_too_deep" | "kind_unknown" | "policy_unknown" | "wrong_kind" | "not_a_member" | "member_left" | "member_removed" | "member_banned" | "member_unknown" | "member_exists" | "too_many_members" | "document_full" | "permission_denied" | "policy_forbids" | "rank_too_low" | "join_forbidden" | "invite_unknown" | "invite_expired" | "invite_used_up" | "invite_disabled" | "late_held" | "late_admitted" | "late_discarded" | "too_many_invites" | "role_unknown" | "role_outranks" | "role_in_use" | "too_many_roles" | "last_owner" | "not_the_owner" | "not_deliverable" | "account_unavailable" | "not_the_author" | "rate_limited" | "slow_mode" | "value_invalid" | "text_empty" | "line_invalid" | "emoji_invalid" | "text_too_long" | "already_written" | "message_unknown" | "message_deleted" | "too_many_pins" | "too_many_reactions" | "too_many_mentions" | "id_invalid" | "phone_invalid" | "email_invalid" | "too_many_contacts" | "outbox_full" | "storage_full" | "storage_blocked" | "storage_corrupt" | "storage_gone" | "store_in_use" | "unreachable" | "client_closed" | "engine_stopped" | "module_unavailable" | "misuse" | "unknown";

/**
 * A typed intent of a person.
 */
export type Command = { create_direct: { peer: string } } | { create_resource: { resource: string; owner: string; title?: string; ownerName?: string; clientName?: string } } | { create_conversation: { kind: Exclude<ConversationKind, "direct" | "thread" | "resource">; title?: string; name?: string; scope?: Scope; policies?: Policy[]; members?: string[]; account?: string; link?: Link } } | { send_message: { conversation: string; content: NewContent; replyTo?: string; mentions?: string[]; thread?: string } } | { create_thread: { conversation: string; message: string; title?: string } } | { set_thread: { conversation: string; thread: string; change: ThreadChange } } | { edit_message: { conversation: string; message: string; content: NewContent } } | { delete_message: { conversation: string; message: string } } | { react: { conversation: string; message: string; emoji: string } } | { unreact: { conversation: string; message: string; emoji: string } } | { set_info: { conversation: string; field: InfoField; text?: string } } | { set_theme: { conversation: string; theme?: Theme } } | { set_scope: { conversation: string; scope: Scope } } | { set_policy: { conversation: string; policy: Policy } } | { set_state: { conversation: string; state: ConversationState } } | { set_locked: { conversation: string; locked: boolean } } | { define_role: { conversation: string; name: Role; role?: RoleDefinition } } | { add_member: { conversation: string; account: string; role: Role } } | { remove_member: { conversation: string; account: string } } | { ban_member: { conversation: string; account: string } } | { unban_member: { conversation: string; account: string } } | { invite_member: { conversation: string; account: string; role: Role } } | { answer_request: { conversation: string; account: string; approved: boolean } } | { set_invite: { conversation: string; invite: string; terms?: InviteTerms } } | { ask: { conversation: string; wish: Wish } } | { answer_late: { conversation: string; message: string; admitted: boolean } } | { leave: { conversation: string } } | { change_role: { conversation: string; account: string; role: Role } } | { transfer_ownership: { conversation: string; account: string } } | { set_permission: { conversation: string; account: string; permission: Permission; allowed?: boolean; until?: number } } | { set_member_text: { conversation: string; field: MemberField; text?: string } } | { pin_message: { conversation: string; message: string } } | { unpin_message: { conversation: string; message: string } } | { set_profile: { profile: Profile; account?: string } } | { add_contact: { contact: NewContact } } | { remove_contact: { id: string } } | { block_account: { account: string; blocked: boolean } } | { set_reachability: { reachability: Reachability } } | { set_conversation_setting: { conversation: string; setting: SettingChange } };

/**
 * How the connection stands.
 */
export type ConnectionState = { type: "off" } | { type: "waiting"; code: Code | undefined; detail: string | undefined; retryAt: number } | { type: "connecting" } | { type: "catching_up" } | { type: "online" } | { type: "rejected"; code: Code; detail: string } | { type: "closed" };

/**
 * A contact; its id is its key in the home document.
 */
export interface Contact {
    /**
     * What it is.
     */
    kind: ContactKind;
    /**
     * The linked account, the preferred link.
     */
    account: AccountId | undefined;
    /**
     * The own name for it, ≤ 120 characters.
     */
    nickname: string | undefined;
    /**
     * Whether it is a favorite.
     */
    favorite: boolean;
    /**
     * Its phone number, in the form of E.164; text here, so that what is
     * none can be refused with a code that says so.
     */
    phone: string | undefined;
    /**
     * Its e-mail address.
     */
    email: string | undefined;
}

/**
 * An entry of an account's address book.
 */
export type ContactId = string;

/**
 * What a contact is.
 */
export type ContactKind = "person" | "service" | "bot" | "unknown";

/**
 * An account that was found.
 */
export interface ContactMatch {
    /**
     * The place of the contact point among those asked for, from 0 on.
     */
    index: number;
    /**
     * It, as it is written everywhere: a number in the form of E.164, an
     * address in lower case.
     */
    point: string;
    /**
     * Whose it is.
     */
    account: AccountId;
}

/**
 * An entry of the own address book.
 */
export interface ContactRow extends Contact {
    /**
     * Its id.
     */
    id: ContactId;
}

/**
 * What a message says.
 */
export type Content = { kind: "text"; text: string } | { kind: "location"; name?: string; latitude: number; longitude: number } | { kind: "custom"; type: string; text?: string; payload?: unknown } | { kind: "unknown"; name: string; text?: string };

/**
 * A conversation in full. Times are in milliseconds since 1970.
 */
export interface ConversationDetail {
    /**
     * The id of the conversation.
     */
    conversation: string;
    /**
     * Its kind.
     */
    kind: ConversationKind;
    /**
     * What it is about, if it is about a resource.
     */
    resource: Resource | undefined;
    /**
     * What a thread starts from.
     */
    parent: Parent | undefined;
    /**
     * Its name for search.
     */
    name: string | undefined;
    /**
     * Its title.
     */
    title: string | undefined;
    /**
     * Its description.
     */
    description: string | undefined;
    /**
     * Where its picture is.
     */
    avatarUrl: string | undefined;
    /**
     * How it looks.
     */
    theme: Theme | undefined;
    /**
     * Who may know of it.
     */
    scope: Scope;
    /**
     * Whether it goes on.
     */
    state: ConversationState;
    /**
     * Whether only moderators and above may write.
     */
    locked: boolean;
    /**
     * Its policies.
     */
    policies: Policies;
    /**
     * The roles that a member can have, built-in and its own, by falling rank.
     */
    roles: RoleRow[];
    /**
     * When it was created.
     */
    createdAt: number;
    /**
     * Who created it.
     */
    createdBy: string;
    /**
     * When its title, members, policies or the like last changed, but not its messages, by the server's clock.
     */
    updatedAt: number;
    /**
     * The account that it belongs to, if not its creator.
     */
    account: string | undefined;
    /**
     * The object of another service that it is the back of.
     */
    link: Link | undefined;
    /**
     * Those who subscribe to it beside its members, as the server last told.
     */
    subscriberCount: number;
    /**
     * The own role; none for an administrator of the tenant who is no member.
     */
    role: Role | undefined;
    /**
     * Where the own account stands in it; none for an administrator of the tenant who is no member.
     */
    status: MemberStatus | undefined;
    /**
     * What the own account may do, by role, policies, grants and denials; empty when not active,
     * and everything for an administrator of the tenant.
     */
    permissions: Permission[];
    /**
     * Everybody who is a member, by rank and then name.
     */
    members: MemberRow[];
    /**
     * Who was invited, asked or is banned, by name.
     */
    candidates: MemberRow[];
    /**
     * Who has left or was removed, the latest first; at most 200 of them.
     */
    former: MemberRow[];
    /**
     * The invite links, newest first; empty for whoever may not make any.
     */
    invites: InviteRow[];
    /**
     * Messages that are held, oldest first; empty for whoever does not decide about them.
     */
    late: LateRow[];
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
 * What a conversation is, fixed at creation.
 */
export type ConversationKind = "direct" | "group" | "channel" | "support" | "system" | "resource" | "thread" | "unknown";

/**
 * A conversation in the list. Times are in milliseconds since 1970.
 */
export interface ConversationRow {
    /**
     * The id of the conversation.
     */
    conversation: string;
    /**
     * Its kind.
     */
    kind: ConversationKind;
    /**
     * Its title, if it has one.
     */
    title: string | undefined;
    /**
     * What to call it: the title, or the names of the others; empty if there is neither.
     */
    name: string;
    /**
     * Some of the others: the peer of a direct, a few of a group.
     */
    others: string[];
    /**
     * Whether it goes on.
     */
    state: ConversationState;
    /**
     * The own role.
     */
    role: Role;
    /**
     * Where the own account stands in it.
     */
    status: MemberStatus;
    /**
     * Its active members.
     */
    memberCount: number;
    /**
     * Its newest message.
     */
    lastMessage: LastMessageRow | undefined;
    /**
     * Messages of others behind the read position, counted to 9,999.
     */
    unread: number;
    /**
     * Own commands in it that are not admitted yet.
     */
    pending: number;
    /**
     * When something last happened in it.
     */
    activityAt: number;
    /**
     * Silent until; the last date there is, for good.
     */
    mutedUntil: number | undefined;
    /**
     * At the top since.
     */
    pinnedAt: number | undefined;
    /**
     * Out of the way since.
     */
    archivedAt: number | undefined;
    /**
     * Those who subscribe to it beside its members, when the server last told.
     */
    subscriberCount: number;
    /**
     * What of it the own account wants to be notified of.
     */
    notifications: NotificationLevel;
    /**
     * Whether the other one of a direct is blocked.
     */
    blocked: boolean;
    /**
     * The id of the resource that it is about, if it is about one.
     */
    resource: string | undefined;
    /**
     * Why some of what is pending waits, and until when; none while all of it is on its way.
     */
    waits: Wait | undefined;
}

/**
 * Whether a conversation still goes on.
 */
export type ConversationState = "active" | "archived" | "closed" | "deleted" | "unknown";

/**
 * A page of the directory. It may have fewer rows than there are, or none, and
 * a next page.
 */
export interface DirectoryPage {
    /**
     * The rows, by the word they were found under.
     */
    rows: DirectoryRow[];
    /**
     * Where the next page begins; none behind the last.
     */
    next: WordKey | undefined;
}

/**
 * Which public conversations, by the words that they are found under.
 */
export interface DirectoryQuery {
    /**
     * Words that begin like those of a title or name, or `@` and how a name begins.
     */
    words?: string;
    /**
     * Of these kinds; of every kind if there is none.
     */
    kinds?: ConversationKind[];
    /**
     * Those behind this one; none for the first page.
     */
    after?: WordKey;
    /**
     * At most so many, and at most `PAGE_MAX`; 0 is as many as there may be.
     */
    limit?: number;
}

/**
 * A public conversation, as it is found.
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
    title: string | undefined;
    /**
     * Its active members.
     */
    memberCount: number;
    /**
     * Those who subscribe to it beside its members.
     */
    subscriberCount: number;
    /**
     * Where the account stands in it; none if it never had to do with it.
     */
    status: MemberStatus | undefined;
}

/**
 * Who the engine works for.
 */
export interface EngineConfig {
    /**
     * The tenant.
     */
    tenant: string;
    /**
     * The account.
     */
    account: string;
    /**
     * 32 bytes of fresh entropy.
     */
    seed: Bytes;
    /**
     * Whether to decide anew about every entry that the server admitted.
     */
    verify?: boolean;
    /**
     * How many conversations are fetched ahead, so that they can be read without
     * a network: those of the newest activity. 50 if left out, 0 for none.
     */
    prefetchConversations?: number;
}

/**
 * One permission granted or denied to one member.
 */
export interface Grant {
    /**
     * Whether it is granted; denied otherwise.
     */
    allowed: boolean;
    /**
     * Who said so.
     */
    by: AccountId;
    /**
     * When, by their clock.
     */
    at: WallTime;
    /**
     * From when on it says nothing any more; none for never.
     */
    until: WallTime | undefined;
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
 * How far a device was told the history of a conversation. Devices with the same hash at the
 * same position were told the same; with two hashes, different ones.
 */
export interface HistoryHead {
    /**
     * The last position in the conversation's journal.
     */
    position: number;
    /**
     * A hash over all that was admitted up to there, in hexadecimal.
     */
    hash: string;
}

/**
 * A text that describes a conversation.
 */
export type InfoField = "name" | "title" | "description" | "avatar_url";

/**
 * One input. After each the caller polls outputs until there is none.
 */
export type Input = { command: { request: number; command: Command } } | { retry_refused: { request: number; id: number; words?: string } } | { discard_refused: number } | { list: { request: number; query: Query } } | { head: { request: number; conversation: string } } | { open_conversation: string } | { open_thread: { conversation: string; thread: string } } | { close_conversation: string } | { load_older: string } | { match_contacts: { request: number; points: string[]; region?: string } } | { list_subscribers: { request: number; conversation: string; reached?: string; after?: string; limit: number } } | { mark_read: string } | { typing: { conversation: string; on: boolean } } | { set_network: boolean } | "connect_now" | { token: string } | { token_failed: string } | "link_opened" | "link_lost" | { frame_received: Bytes } | { storage_finished: { task: number; answer: StorageAnswer } } | "timer_due" | "close";

/**
 * An invite link. Its code is nowhere: its id is made from the code by a
 * function that nobody can go back.
 */
export interface Invite {
    /**
     * What who comes in by it becomes: a member at most.
     */
    role: Role;
    /**
     * From when on it lets nobody in; none for never.
     */
    until: WallTime | undefined;
    /**
     * How many it lets in; none for any number.
     */
    usesMax: number | undefined;
    /**
     * Whether it lets anybody in at the moment.
     */
    enabled: boolean;
    /**
     * Who made it.
     */
    by: AccountId;
    /**
     * When it was made.
     */
    at: WallTime;
}

/**
 * What an invite link carries: 128 random bits. Whoever has it may use the link.
 */
export type InviteCode = string;

/**
 * An invite link, made from its code.
 */
export type InviteId = string;

/**
 * An invite link in the panel. Its code is known to whoever made it, and to whom they gave it.
 */
export interface InviteRow extends Invite {
    /**
     * Its id.
     */
    id: InviteId;
    /**
     * How many came in by it.
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
 * How one who is not a member comes in.
 */
export type JoinPolicy = "invite_only" | "link_join" | "open" | "unknown";

/**
 * The newest message of a conversation.
 */
export interface LastMessageRow {
    /**
     * The id of the message.
     */
    message: string;
    /**
     * Who wrote it.
     */
    author: string;
    /**
     * What it says, cut short; none when deleted.
     */
    preview: Content | undefined;
    /**
     * Its place in the journal.
     */
    position: number;
}

/**
 * A message of one who was removed, that is held.
 */
export interface LateRow {
    /**
     * The id of the message.
     */
    message: string;
    /**
     * Its author.
     */
    author: string;
    /**
     * Since when it is held, in milliseconds since 1970.
     */
    at: number;
    /**
     * The thread it was written in, if it was one.
     */
    thread: string | undefined;
    /**
     * What it says; none until the server has told.
     */
    content: Content | undefined;
}

/**
 * What becomes of what a removed member wrote before the removal reached them.
 */
export type LateWrites = "refuse" | "hold" | "unknown";

/**
 * An object of another service that a conversation is the back of.
 */
export interface Link {
    /**
     * What the object is.
     */
    kind: LinkKind;
    /**
     * Its id there, 1–64 characters.
     */
    id: string;
}

/**
 * What a conversation may be the back of.
 */
export type LinkKind = "partner" | "community" | "group" | "channel" | "unknown";

/**
 * A page of a list.
 */
export type ListPage = { type: "own"; page: OwnPage } | { type: "directory"; page: DirectoryPage };

/**
 * What everybody of the tenant may know of a public conversation, beside its
 * kind, its title and how many are in it.
 */
export interface Listing {
    /**
     * Its name.
     */
    name: string | undefined;
    /**
     * Its description.
     */
    description: string | undefined;
    /**
     * Where its picture is.
     */
    avatarUrl: string | undefined;
    /**
     * How one comes in.
     */
    join: JoinPolicy;
    /**
     * Whether who comes in waits for approval.
     */
    joinApproval: boolean;
}

/**
 * Somebody whose row in a detail is another one now.
 */
export interface MemberChange {
    /**
     * The member's account.
     */
    account: AccountId;
    /**
     * The row; none for who is in no list any more.
     */
    row: PlacedMember | undefined;
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
     * The name for people: the one they have here, or their profile's.
     */
    name: string;
    /**
     * Their color here.
     */
    color: string | undefined;
    /**
     * The role.
     */
    role: Role;
    /**
     * Where they stand.
     */
    status: MemberStatus;
    /**
     * Since when they stand there, by the clock of who said so: when they left, or were removed or banned.
     */
    statusAt: WallTime | undefined;
    /**
     * Who said so: themselves if they left, whoever removed or banned them.
     */
    statusBy: AccountId | undefined;
    /**
     * When they became a member.
     */
    joinedAt: WallTime | undefined;
    /**
     * Who added or invited them.
     */
    invitedBy: AccountId | undefined;
    /**
     * What is granted and denied beside the role, and has not expired.
     */
    grants: GrantRow[];
    /**
     * What they are doing.
     */
    presence: PresenceKind;
    /**
     * Whether they are below the own rank: whoever holds the permission for it may act on them.
     */
    below: boolean;
}

/**
 * Where a member stands.
 */
export type MemberStatus = "active" | "invited" | "requested" | "left" | "removed" | "banned" | "subscribed" | "unknown";

/**
 * A message: its stamp, then its author, so ids sort by time and ownership
 * is part of the id. Printed as `{stamp}.{account}`.
 */
export type MessageId = string;

/**
 * How far a message has come.
 */
export type MessageState = "pending" | "sent" | "delivered" | "read" | "refused" | "unknown";

/**
 * A contact to be added, or changed if its id is given.
 */
export interface NewContact {
    /**
     * Which contact is changed; none adds one.
     */
    id?: string;
    /**
     * What it is; a person unless said otherwise.
     */
    kind?: ContactKind;
    /**
     * The linked account.
     */
    account?: string;
    /**
     * The own name for it, at most 120 characters.
     */
    nickname?: string;
    /**
     * Whether it is a favorite.
     */
    favorite?: boolean;
    /**
     * Its phone number: `+`, and 7 to 15 digits; what is written between them for the eye is left out.
     */
    phone?: string;
    /**
     * Its e-mail address.
     */
    email?: string;
}

/**
 * Content as the package hands it over to be sent: the payload as a JSON text.
 */
export type NewContent = { text: { text: string } } | { location: { name?: string; latitude: number; longitude: number } } | { custom: { type: string; text?: string; payload: string } };

/**
 * What of a conversation an account wants to be notified of.
 */
export type NotificationLevel = "all" | "mentions" | "none" | "unknown";

/**
 * One output.
 */
export type Output = { type: "send"; frame: Bytes } | { type: "storage"; task: number; request: StorageRequest } | { type: "update"; update: Update } | { type: "need_token"; refused: Cause | undefined } | { type: "connect" } | { type: "disconnect" } | { type: "wake_at"; at: number };

/**
 * A page of the own conversations.
 */
export interface OwnPage {
    /**
     * The rows, by newest activity.
     */
    rows: ConversationRow[];
    /**
     * Where the next page begins; none behind the last.
     */
    next: ActivityKey | undefined;
    /**
     * Whether none can be missing: this device alone may not know of what the
     * account left, and knows of nothing before it first caught up.
     */
    complete: boolean;
}

/**
 * Which of the own conversations, by newest activity.
 */
export interface OwnQuery {
    /**
     * Of these kinds; of every kind if there is none.
     */
    kinds?: ConversationKind[];
    /**
     * Where the account stands so. Where it takes part, was invited or asked
     * to be let in, if there is none.
     */
    statuses?: MemberStatus[];
    /**
     * In these states; in any but deleted, if there is none. It says nothing
     * of what the account is not in any more.
     */
    states?: ConversationState[];
    /**
     * Those behind this one; none for the first page.
     */
    after?: ActivityKey;
    /**
     * At most so many, and at most `PAGE_MAX`; 0 is as many as there may be.
     */
    limit?: number;
    /**
     * About the resource of this id only.
     */
    resource?: string;
    /**
     * Only those whose name holds words that begin like these. Never sent:
     * what a person calls their conversations is known here only.
     */
    words?: string;
}

/**
 * What a thread starts from.
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
     * How deep the thread is: 1 in a conversation, 2 in a thread of one …
     */
    depth: number;
}

/**
 * What a member may be allowed to do.
 */
export type Permission = "message:send" | "message:send_media" | "message:edit" | "message:delete" | "message:react" | "message:schedule" | "thread:create" | "message:delete_any" | "mention:all" | "pin:add" | "pin:remove" | "member:approve" | "member:mute" | "member:add" | "member:remove" | "member:ban" | "member:role" | "member:permissions" | "invite:create" | "conversation:info" | "conversation:archive" | "conversation:lock" | "conversation:settings" | "conversation:delete" | "role:define" | "encryption:change";

/**
 * A set of permissions. Written as the list of their names; names of a newer
 * version are not understood, and grant nothing here.
 */
export type Permissions = Permission[];

/**
 * A pinned message.
 */
export interface PinRow {
    /**
     * The message.
     */
    message: string;
    /**
     * Who pinned it.
     */
    by: string;
    /**
     * When it was pinned, in milliseconds since 1970.
     */
    at: number;
    /**
     * What it says, cut short; none when it is not at hand or deleted.
     */
    preview: Content | undefined;
}

/**
 * A row with where it stands.
 */
export interface PlacedMember {
    /**
     * Its list.
     */
    roster: Roster;
    /**
     * Its place in the list once the account's former row is taken out.
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
     * Who may send.
     */
    send: SendPolicy;
    /**
     * How one comes in.
     */
    join: JoinPolicy;
    /**
     * Whether who comes in by a link or by themselves waits for approval.
     */
    join_approval: boolean;
    /**
     * Who may add members.
     */
    add_members: WhoPolicy;
    /**
     * Who may change what describes the conversation.
     */
    info_edit: WhoPolicy;
    /**
     * Who may open threads.
     */
    subrooms: SubroomPolicy;
    /**
     * How deep threads of threads go, 0–32.
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
     * Whether reactions are allowed.
     */
    reactions: boolean;
    /**
     * Whether stickers are allowed.
     */
    stickers: boolean;
    /**
     * Whether attachments are allowed.
     */
    attachments: boolean;
    /**
     * What becomes of what a removed member wrote before they knew of it.
     */
    late_writes: LateWrites;
}

/**
 * One policy with its value, such as `{ send: "moderators" }`.
 */
export type Policy = { send: SendPolicy } | { join: JoinPolicy } | { join_approval: boolean } | { add_members: WhoPolicy } | { info_edit: WhoPolicy } | { subrooms: SubroomPolicy } | { subroom_depth_max: number } | { retention_days: number } | { slow_mode_seconds: number } | { reactions: boolean } | { stickers: boolean } | { attachments: boolean } | { late_writes: LateWrites };

/**
 * What somebody is doing in an open conversation.
 */
export interface PresenceChange {
    /**
     * The conversation.
     */
    conversation: string;
    /**
     * The account it is about.
     */
    account: string;
    /**
     * What the account is doing.
     */
    kind: PresenceKind;
}

/**
 * What an account is doing in a conversation.
 */
export type PresenceKind = "online" | "typing" | "idle" | "offline" | "unknown";

/**
 * The public fields of an account; each empty until written. Its owner writes
 * all but the two times, which are the server's.
 */
export interface Profile {
    /**
     * What the account is.
     */
    kind?: AccountKind;
    /**
     * The name for people, ≤ 120 characters.
     */
    displayName?: string;
    /**
     * Where the picture is, ≤ 2,048 bytes.
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
     * What the operator's own systems call the profile, ≤ 64 characters.
     */
    reference?: string;
    /**
     * When the server first accepted a change of it; no command states it.
     */
    createdAt?: WallTime;
    /**
     * When the server last accepted a change of it; no command states it.
     */
    updatedAt?: WallTime;
}

/**
 * Which list is asked for.
 */
export type Query = { own: OwnQuery } | { directory: DirectoryQuery };

/**
 * Who may invite an account, add it, or begin a direct with it.
 */
export type Reachability = "everybody" | "contacts" | "nobody" | "unknown";

/**
 * Who reacted with one emoji.
 */
export interface ReactionRow {
    /**
     * The emoji.
     */
    emoji: string;
    /**
     * Those who put it there.
     */
    accounts: string[];
    /**
     * Whether the own account is among them.
     */
    own: boolean;
}

/**
 * A refused command, until the person retries or discards it.
 */
export interface RefusedRow {
    /**
     * Names it for retry and discard.
     */
    id: number;
    /**
     * Where it was to be; none for one about the account itself.
     */
    conversation: string | undefined;
    /**
     * The thread of that conversation, if it was to be in one.
     */
    thread: string | undefined;
    /**
     * The name of the command, such as `send_message`.
     */
    command: string;
    /**
     * The words written with it.
     */
    words: string | undefined;
    /**
     * What the message it writes or edits was to say.
     */
    content: Content | undefined;
    /**
     * The message it writes or is about.
     */
    message: string | undefined;
    /**
     * The reason.
     */
    code: Code;
    /**
     * Whether the same command may succeed later.
     */
    retryable: boolean;
    /**
     * More about it, for people who debug.
     */
    detail: string;
    /**
     * When it was written.
     */
    createdAt: number;
}

/**
 * What a message answers.
 */
export interface ReplyRow {
    /**
     * Which message.
     */
    id: string;
    /**
     * Who wrote it.
     */
    author: string;
    /**
     * Its author's name.
     */
    authorName: string;
    /**
     * What it says, cut short; none when it is not at hand or deleted.
     */
    preview: Content | undefined;
}

/**
 * A thing of the operator's, of which a client talks with its owner.
 */
export interface Resource {
    /**
     * Its id there, 1–64 characters.
     */
    id: string;
    /**
     * What it is called, ≤ 200 characters.
     */
    title: string | undefined;
    /**
     * Who asks about it, and begins the conversation.
     */
    client: AccountId;
    /**
     * What the client was called then, ≤ 120 characters.
     */
    clientName: string | undefined;
    /**
     * Whose it is.
     */
    owner: AccountId;
    /**
     * What the owner was called then, ≤ 120 characters.
     */
    ownerName: string | undefined;
}

/**
 * What a member is in a conversation: a built-in role, or one of the conversation's own by its name.
 */
export type Role = "owner" | "admin" | "moderator" | "member" | "guest" | "subscriber" | (string & {});

/**
 * What a conversation says of one of its own roles.
 */
export interface RoleDefinition {
    /**
     * Its rank, 1–99: members below it can be acted on.
     */
    rank: number;
    /**
     * What it carries.
     */
    permissions: Permissions;
}

/**
 * A role that a member of a conversation can have.
 */
export interface RoleRow {
    /**
     * What it is called.
     */
    name: Role;
    /**
     * Its rank: members of a lower one can be acted on.
     */
    rank: number;
    /**
     * What it carries.
     */
    permissions: Permission[];
    /**
     * Whether the conversation defines it itself.
     */
    custom: boolean;
}

/**
 * Which of the lists of a detail a member is in.
 */
export type Roster = "members" | "candidates" | "former";

/**
 * Who may know of a conversation.
 */
export type Scope = "private" | "organization" | "public" | "unknown";

/**
 * Who may send messages.
 */
export type SendPolicy = "all_members" | "moderators" | "admins_only" | "unknown";

/**
 * What the server did that it must not: it told another history than before, let in an entry that its own rules
 * refuse, or sent one, or a state, that cannot be taken. Told when it is seen,
 * and not stored.
 */
export interface ServerFault {
    /**
     * The conversation; none for the own account's documents.
     */
    conversation: string | undefined;
    /**
     * The entry's place in the journal; for a state the last one that it holds.
     */
    position: number;
    /**
     * The account that the entry is said to be of; none for a state.
     */
    account: string | undefined;
    /**
     * What the server should have refused it with, or why it cannot be taken.
     */
    code: Code;
    /**
     * More about it, for people who debug.
     */
    detail: string;
}

/**
 * What is set.
 */
export type SettingChange = { muted_until: WallTime | undefined } | { pinned: boolean } | { archived: boolean } | { notifications: NotificationLevel };

/**
 * What the store answers. After a failure nothing of the request is done.
 */
export type StorageAnswer = { records: StorageRecord[] } | "written" | { failed: StorageCode };

/**
 * Why the store did not do it.
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
 * What the store is asked to do, in one transaction.
 */
export type StorageRequest = { type: "read"; prefixes: string[] } | { type: "write"; writes: Write[] };

/**
 * What a stored command made or is about.
 */
export interface Stored {
    /**
     * The conversation it created or acts in.
     */
    conversation: string | undefined;
    /**
     * The message it wrote or is about.
     */
    message: string | undefined;
}

/**
 * Who may open threads.
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
     * How many there are.
     */
    count: number;
    /**
     * How many of them were delivered to.
     */
    delivered: number;
    /**
     * How many of them have read.
     */
    read: number;
    /**
     * Some of them; none behind the last.
     */
    subscribers: Subscriber[];
}

/**
 * How a conversation looks.
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
 * A thread, as the message that it starts from shows it.
 */
export interface ThreadRow {
    /**
     * Its id.
     */
    id: string;
    /**
     * The messages written in it, pending ones and those taken back included.
     */
    replies: number;
    /**
     * When the last of them was admitted.
     */
    lastReplyAt: number | undefined;
    /**
     * Who wrote in it, the latest first; a few of them.
     */
    participants: string[];
}

/**
 * A message in a timeline. Times are in milliseconds since 1970.
 */
export interface TimelineRow {
    /**
     * Its id.
     */
    id: string;
    /**
     * Who wrote it.
     */
    author: string;
    /**
     * Its author's name.
     */
    authorName: string;
    /**
     * Whether the own account wrote it.
     */
    own: boolean;
    /**
     * What it says now; none when deleted.
     */
    content: Content | undefined;
    /**
     * Who took it back, if anybody.
     */
    deletedBy: string | undefined;
    /**
     * When it was edited last, if ever.
     */
    editedAt: number | undefined;
    /**
     * What it answers.
     */
    replyTo: ReplyRow | undefined;
    /**
     * The accounts it mentions.
     */
    mentions: string[];
    /**
     * Who reacted with what.
     */
    reactions: ReactionRow[];
    /**
     * When its author wrote it, by their clock.
     */
    createdAt: number;
    /**
     * When it was admitted; none while pending.
     */
    acceptedAt: number | undefined;
    /**
     * Its place in the journal; none while pending.
     */
    position: number | undefined;
    /**
     * How far it has come. Messages of others are sent.
     */
    state: MessageState;
    /**
     * How many others have read it; for own messages.
     */
    readBy: number;
    /**
     * Whether it is pinned.
     */
    pinned: boolean;
    /**
     * Whether something about it (an edit, a reaction) is not admitted yet.
     */
    unsynced: boolean;
    /**
     * The thread that starts from it.
     */
    thread: ThreadRow | undefined;
    /**
     * Why a pending one waits while others are sent, and until when.
     */
    waits: Wait | undefined;
}

/**
 * Rows of an open timeline.
 */
export interface TimelineUpdate {
    /**
     * The conversation.
     */
    conversation: string;
    /**
     * Whether the rows replace all that was shown before.
     */
    restart: boolean;
    /**
     * Rows that are new or changed.
     */
    rows: TimelineRow[];
    /**
     * Messages that are gone from the view.
     */
    removed: string[];
    /**
     * Whether older ones can be loaded.
     */
    hasOlder: boolean;
}

/**
 * What a screen has to know: only what changed.
 */
export type Update = { type: "first_rows"; rows: ConversationRow[] } | { type: "ready" } | { type: "connection"; state: ConnectionState } | { type: "conversations"; rows: ConversationRow[] } | { type: "timeline"; timeline: TimelineUpdate } | { type: "conversation"; detail: ConversationDetail } | { type: "members"; conversation: string; changes: MemberChange[]; updatedAt: number } | { type: "gone"; conversation: string } | { type: "refused"; rows: RefusedRow[]; removed: number[] } | { type: "unsynced"; count: number } | { type: "presence"; presence: PresenceChange } | { type: "profile"; account: string; profile: Profile } | { type: "contacts"; rows: ContactRow[]; removed: ContactId[] } | { type: "blocked"; rows: BlockedRow[] } | { type: "reachability"; reachability: Reachability } | { type: "command_stored"; request: number; stored: Stored } | { type: "contacts_matched"; request: number; matches: ContactMatch[] } | { type: "subscribers_listed"; request: number; page: SubscriberPage } | { type: "listed"; request: number; page: ListPage } | { type: "head"; request: number; head?: HistoryHead } | { type: "command_failed"; request: number; code: Code; detail: string; retryable: boolean } | { type: "storage_failed"; code: Code } | { type: "storage_recovered" } | { type: "server_fault"; fault: ServerFault };

/**
 * What a command waits for.
 */
export interface Wait {
    /**
     * The server's reason, such as `slow_mode` or `rate_limited`.
     */
    code: Code;
    /**
     * Until when, by the server's clock.
     */
    until: WallTime;
}

/**
 * Milliseconds since 1970, UTC, as some clock told them.
 */
export type WallTime = number;

/**
 * Who may do something that is the admins' otherwise.
 */
export type WhoPolicy = "all_members" | "admins_only" | "unknown";

/**
 * What one who is not a member asks the server for.
 */
export type Wish = { join: InviteCode | undefined } | "accept" | "decline";

/**
 * A place in the directory: by word, then by id.
 */
export interface WordKey {
    /**
     * The word it was found under.
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
