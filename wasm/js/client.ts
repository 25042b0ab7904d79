/**
 * The client: one account's conversations on this device. Keeps what the engine
 * tells so that a subscription begins with everything known, and turns commands
 * into promises; long because every command is a short method of this one class.
 */
import type {
  BlockedRow,
  Code,
  Command,
  Contact,
  ContactMatch,
  ContactRow,
  ConversationDetail,
  ConversationKind,
  ConversationRow,
  ConversationState,
  DirectoryPage,
  DirectoryQuery,
  HistoryHead,
  InfoField,
  Input,
  LeadOutcome,
  LeadStage,
  Link,
  ListPage,
  MemberField,
  NotificationLevel,
  OwnPage,
  OwnQuery,
  Permission,
  Policy,
  Profile,
  Query,
  Reachability,
  RefusedRow,
  Role,
  RoleDefinition,
  Scope,
  ServerFault,
  SettingChange,
  SubscriberPage,
  Theme,
  ThreadChange,
  Update,
} from "../pkg/tidings.js";
import { directOf, inviteCode, inviteOf, threadOf } from "../pkg/tidings.js";
import type { ConnectionState } from "./connection.js";
import { readPayload, toModule, type Sendable } from "./content.js";
import { Driver } from "./driver.js";
import { TidingsError } from "./error.js";
import { errorOf, failureOf, moduleLoaded, requireInit } from "./init.js";
import { onLifecycle } from "./lifecycle.js";
import { openStore, type OpenStore, type StoreNews } from "./opening.js";
import type { ClientOptions } from "./options.js";
import { syncUrl } from "./link.js";
import { currentPlatform, type WebSocketConstructor } from "./platform.js";
import type { StoreKind } from "./store/store.js";
import { ConversationList, type ConversationsChange } from "./view/conversations.js";
import { Listeners, protect, type Subscription, type Unsubscribe } from "./view/listeners.js";
import { OpenConversation } from "./view/open_conversation.js";
import type { TimelineChange } from "./view/timeline.js";
import { Timeline } from "./timeline.js";

/** The engine's update of one kind. */
type Told<Type extends Update["type"]> = Extract<Update, { type: Type; value: unknown }>["value"];

/** The public profile of an account, with the account. */
export type ProfileChange = Told<"profile">;

/** The presence of a member of an open conversation. */
export type PresenceChange = Told<"presence">;

/**
 * The result of a stored command: the conversation that it created or acts in, and the message
 * that it wrote or is about.
 */
export type Stored = Omit<Told<"command_stored">, "request">;

/** A contact to add, a person by default; or to change, if its id is given. */
export interface NewContact extends Partial<Contact> {
  readonly id?: string;
}

/** A resource to ask about, except for its id in the operator's system. */
export interface NewResource {
  /** The account that owns the resource. */
  readonly owner: string;
  /** The title of the resource. */
  readonly title?: string;
  /** The owner's name. */
  readonly ownerName?: string;
  /** The client's name. */
  readonly clientName?: string;
  /** What the client wants, in a name of the operator's. */
  readonly intent?: string;
  /** How the client wants to be reached, in a name of the operator's. */
  readonly contactChannel?: string;
}

/** The initial state of a conversation with members. */
export interface NewConversation {
  /** The title for people. */
  readonly title?: string;
  /** The name for machines and search, which a public one has. */
  readonly name?: string;
  /** Its visibility; private by default. */
  readonly scope?: Scope;
  /** Policies that differ from the kind's defaults. */
  readonly policies?: readonly Policy[];
  /** The first members, beside the own account. */
  readonly members?: readonly string[];
  /** The account that it belongs to, if not the own one; for tenant administrators only. */
  readonly account?: string;
  /** The object of another service that it belongs to; for tenant administrators only. */
  readonly link?: Link;
}

/** The settings of an invite link. */
export interface Invite {
  /** The role of accounts that join with it; member by default. */
  readonly role?: Role;
  /** When it expires; never by default. */
  readonly until?: Date;
  /** Maximum number of accounts that can join with it; unlimited by default. */
  readonly usesMax?: number;
  /** False if it cannot be used at the moment; true by default. */
  readonly enabled?: boolean;
}

/** The callbacks of a command or request that has not been answered. */
interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: TidingsError): void;
}

/** One account on one device, online and offline. */
export class Client {
  /** The own account. */
  readonly account: string;
  /** The tenant of the account. */
  readonly tenant: string;
  /** The kind of store. */
  readonly store: StoreKind;
  /** The reason why the state is kept in memory only, although IndexedDB was requested. */
  readonly storeFallback: Code | undefined;

  readonly #driver: Driver;
  readonly #options: ClientOptions;
  #opened: OpenStore;
  /** True while another tab has the store, or may take it: there is no engine then. */
  #isAway = false;
  /** Ends the wait for a store that another tab has. */
  #returning: AbortController | undefined;
  #stopLifecycle: () => void = () => undefined;
  readonly #onFirstRows: ClientOptions["onFirstRows"];
  #closing: Promise<void> | undefined;
  #failure: TidingsError | undefined;

  #list = new ConversationList();
  readonly #open = new Map<string, OpenConversation>();
  /** Those of them that are threads. */
  readonly #threads = new Set<OpenConversation>();
  readonly #profiles = new Map<string, Profile>();
  readonly #contacts = new Map<string, ContactRow>();
  #blocked: BlockedRow[] = [];
  #reachability: Reachability = "everybody";
  readonly #refused = new Map<number, RefusedRow>();
  #connection: ConnectionState = { type: "connecting" };
  #unsynced = 0;
  #isNetworkOn = true;
  /** The last token failure that was printed to the console. */
  #warned: string | undefined;
  /** True while a stopped engine is being replaced, and the state read again. */
  #isRestarting = false;

  readonly #onList = new Listeners<[ConversationsChange]>();
  readonly #onConnection = new Listeners<[ConnectionState]>();
  readonly #onUnsynced = new Listeners<[number]>();
  readonly #onStorage = new Listeners<[Code | undefined]>();
  readonly #onEngine = new Listeners<[Code | undefined]>();
  readonly #onTokenError = new Listeners<[TidingsError]>();
  readonly #onServerFault = new Listeners<[ServerFault]>();
  readonly #onPresence = new Listeners<[PresenceChange]>();
  readonly #onProfile = new Listeners<[ProfileChange]>();
  readonly #onContacts = new Listeners<[ContactRow[]]>();
  readonly #onBlocked = new Listeners<[BlockedRow[]]>();
  readonly #onReachability = new Listeners<[Reachability]>();
  readonly #onRefused = new Listeners<[RefusedRow[]]>();

  readonly #waiting = new Map<number, Waiting<Stored>>();
  readonly #questions = {
    lists: new Map<number, Waiting<ListPage>>(),
    matches: new Map<number, Waiting<ContactMatch[]>>(),
    subscribers: new Map<number, Waiting<SubscriberPage>>(),
    heads: new Map<number, Waiting<HistoryHead | undefined>>(),
  };
  #lastRequest = 0;
  readonly #updates: Update[] = [];
  #isTelling = false;
  #ready: { resolve(): void; reject(error: TidingsError): void } | undefined;

  /**
   * Opens the client and resolves when the stored state is read: what is known
   * offline can be shown at once. Does not wait for the server. Need not wait for
   * `init` either, once that is called: the store opens while the module is loaded.
   *
   * When another tab or worker has the store open, that is told by `options.onStoreInUse`
   * and waited for, unless `options.whenInUse` says otherwise.
   *
   * Rejects with `store_in_use` when it is not to wait, or for no longer,
   * with a `storage_*` code when it cannot be opened, with `id_invalid` or
   * `value_invalid` for options that are wrong, and with `module_unavailable`
   * before `init`.
   */
  static async open(options: ClientOptions): Promise<Client> {
    requireInit();
    let url: string;
    try {
      url = syncUrl(options.url);
    } catch (cause) {
      throw await failureOf("value_invalid", "url is no address of a server", { cause });
    }
    if (typeof options.token !== "function") {
      throw await failureOf("value_invalid", "options.token is no function that gives a token");
    }
    const webSocket = options.webSocket ?? (await currentPlatform().webSocket());
    if (webSocket === undefined) {
      throw await failureOf("value_invalid", "there is no WebSocket here: install the package `ws`, or give options.webSocket");
    }
    let client: Client | undefined;
    const opened = await openStore(options, {
      onLost: () => {
        if (client !== undefined) {
          client.#lost();
        }
      },
      signal: options.signal,
    });
    try {
      await moduleLoaded();
      client = new Client(options, url, webSocket, opened);
    } catch (error) {
      opened.store.close();
      opened.release();
      throw error;
    }
    const made = client;
    await new Promise<void>((resolve, reject) => {
      made.#ready = { resolve, reject };
      if (made.#failure !== undefined) {
        reject(made.#failure);
      }
    });
    return made;
  }

  private constructor(options: ClientOptions, url: string, webSocket: WebSocketConstructor, opened: OpenStore) {
    this.account = options.account;
    this.tenant = options.tenant ?? "default";
    this.store = opened.store.kind;
    this.storeFallback = opened.fallback;
    this.#options = options;
    this.#opened = opened;
    this.#onFirstRows = options.onFirstRows;
    this.#driver = new Driver({
      config: {
        tenant: this.tenant,
        account: options.account,
        verify: options.verify ?? false,
        ...(options.prefetchConversations === undefined
          ? {}
          : { prefetchConversations: options.prefetchConversations }),
      },
      url,
      webSocket,
      store: opened.store,
      token: options.token,
      onTokenError: (error) => {
        this.#tokenFailed(error);
      },
      onUpdates: (updates) => {
        this.#take(updates);
      },
      onStopped: () => {
        this.#stopped();
      },
      onRestarted: () => {
        this.#restarted();
      },
      onFailure: (error) => {
        this.#fail(error);
      },
    });
    if (opened.isShared) {
      this.#stopLifecycle = onLifecycle({
        putAside: () => {
          this.#returning?.abort();
          this.#yield(true);
        },
        broughtBack: () => {
          void this.#return();
        },
      });
    }
    globalThis.addEventListener?.("online", this.#onOnline);
    globalThis.addEventListener?.("offline", this.#onOffline);
  }

  /**
   * Closes the client when everything it wrote is stored. Commands that are not
   * durable by then reject with `client_closed`; nothing is accepted any more.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  // Connection.

  /** The state of the connection. */
  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Calls the listener when the connection changes. */
  onConnection(listener: (state: ConnectionState) => void): Unsubscribe {
    return this.#onConnection.add(listener);
  }

  /**
   * Calls the listener when `options.token` gave no token; the error's `cause` is what it threw.
   * The client tries again later; the same failure is printed to the console only once.
   */
  onTokenError(listener: (error: TidingsError) => void): Unsubscribe {
    return this.#onTokenError.add(listener);
  }

  /** The network switch: off means no connection, whatever the network says. */
  setNetwork(on: boolean): void {
    this.#isNetworkOn = on;
    this.#inputWhenRunning({ set_network: on });
  }

  /** Tries to connect now instead of after the wait, also after a rejection. */
  connectNow(): void {
    this.#inputWhenRunning("connect_now");
  }

  // State.

  /** The number of commands that the server has not answered yet. */
  get unsynced(): number {
    return this.#unsynced;
  }

  /** Calls the listener when the number of unsynced commands changes. */
  onUnsynced(listener: (count: number) => void): Unsubscribe {
    return this.#onUnsynced.add(listener);
  }

  /** Calls the listener with a code when the store fails, and without one when it works again. */
  onStorage(listener: (code: Code | undefined) => void): Unsubscribe {
    return this.#onStorage.add(listener);
  }

  /**
   * Calls the listener with `engine_stopped` when the engine has stopped unexpectedly and restarts
   * from the store, and without a code once it runs again. If it stops repeatedly it is given up:
   * the connection is then `rejected` with this code, and the client accepts nothing more.
   */
  onEngine(listener: (code: Code | undefined) => void): Unsubscribe {
    return this.#onEngine.add(listener);
  }

  /**
   * Calls the listener when the server does something it must not: it sent an entry or a state
   * that is invalid, a history of a conversation that differs from the one before
   * (`history_differs`) or, with `verify`, something that its own rules refuse. Reported once,
   * when it is noticed.
   */
  onServerFault(listener: (fault: ServerFault) => void): Unsubscribe {
    return this.#onServerFault.add(listener);
  }

  /** The list of conversations, now and after each change. */
  conversations(listener: (change: ConversationsChange) => void): Subscription {
    const { rows } = this.#list;
    const changed = rows.map((row) => row.conversation);
    return begin(this.#onList.add(listener), () => {
      listener({ rows, changed });
    });
  }

  /** The row of the direct conversation with somebody, if there is one. */
  directWith(account: string): ConversationRow | undefined {
    return this.#list.row(directOf(this.tenant, this.account, account));
  }

  /**
   * A page of the own conversations, by newest activity, filtered by kind, status and state, or by
   * words of their names. Answered on this device, which has every conversation where the account
   * is active, invited or waiting; by the server, if connected, for those that it left or was
   * removed from. `complete` is true if none can be missing.
   */
  async list(query: OwnQuery = {}): Promise<OwnPage> {
    const listed = await this.#ask({ own: query });
    if (listed.type !== "own") {
      throw errorOf("unknown", "a page of another list");
    }
    return listed.page;
  }

  /**
   * A page of the tenant's public conversations: those with words in their title or name that
   * begin with these or, after an `@`, whose names begin with this. Rejects with `unreachable`
   * while offline, and with `text_empty`, `text_too_long` or `value_invalid` for an invalid
   * search. A page may be short, or empty, and still have a next one.
   */
  async searchPublic(words: string, options: Omit<DirectoryQuery, "words"> = {}): Promise<DirectoryPage> {
    const listed = await this.#ask({ directory: { ...options, words } });
    if (listed.type !== "directory") {
      throw errorOf("unknown", "a page of another list");
    }
    return listed.page;
  }

  /**
   * The id of the thread of a message, in a conversation or in one of its threads. Everybody
   * derives the same id, whether the thread has been opened or not.
   */
  threadOf(conversation: string, message: string): string {
    return threadOf(this.tenant, conversation, message);
  }

  /**
   * The timeline of a conversation, or of a thread of it, which is kept up to
   * date until it or the client is closed; on a closed client nothing is told.
   */
  timeline(conversation: string, listener: (change: TimelineChange) => void, thread?: string): Timeline {
    const { open, release } = this.#show(conversation, thread);
    const unsubscribe = open.timeline.add(listener);
    const { whole } = open.rows;
    if (whole !== undefined) {
      protect(() => {
        listener(whole);
      });
    }
    return new Timeline(thread ?? conversation, open.rows, this.#tellEngine, () => {
      unsubscribe();
      release();
    });
  }

  /**
   * The detail of a conversation: members, own permissions, pins. Of a thread
   * once it was opened, with what it takes from its conversation. Undefined when
   * it is gone: what began it here was refused, or it was deleted.
   */
  conversation(
    conversation: string,
    listener: (detail: ConversationDetail | undefined) => void,
    thread?: string,
  ): Subscription {
    const { open, release } = this.#show(conversation, thread);
    const unsubscribe = open.details.add(listener);
    const { detail } = open;
    if (detail !== undefined) {
      protect(() => {
        listener(detail);
      });
    }
    return {
      close: once(() => {
        unsubscribe();
        release();
      }),
    };
  }

  /** Calls the listener when others do something in open conversations. */
  onPresence(listener: (presence: PresenceChange) => void): Unsubscribe {
    return this.#onPresence.add(listener);
  }

  /** The public profile of an account, if loaded. */
  profile(account: string): Profile | undefined {
    return this.#profiles.get(account);
  }

  /** Calls the listener when a profile arrives or changes. */
  onProfile(listener: (change: ProfileChange) => void): Unsubscribe {
    return this.#onProfile.add(listener);
  }

  /** The own contacts, now and after each change. */
  contacts(listener: (contacts: ContactRow[]) => void): Subscription {
    return begin(this.#onContacts.add(listener), () => {
      listener([...this.#contacts.values()]);
    });
  }

  /** The blocked accounts, now and after each change. */
  blocked(listener: (blocked: BlockedRow[]) => void): Subscription {
    return begin(this.#onBlocked.add(listener), () => {
      listener([...this.#blocked]);
    });
  }

  /** The own account's reachability, now and after each change. */
  reachability(listener: (reachability: Reachability) => void): Subscription {
    return begin(this.#onReachability.add(listener), () => {
      listener(this.#reachability);
    });
  }

  /** The refused commands, oldest first, now and after each change. */
  refused(listener: (rows: RefusedRow[]) => void): Subscription {
    return begin(this.#onRefused.add(listener), () => {
      listener(this.#refusedRows());
    });
  }

  /** Executes a refused command again, with another text if given. */
  async retryRefused(id: number, words?: string): Promise<void> {
    await this.#request((request) => ({ retry_refused: { request, id, words } }));
  }

  /** Discards a refused command with its content. */
  discardRefused(id: number): void {
    this.#input({ discard_refused: { id } });
  }

  // Commands. Each resolves when it is durable on this device.

  /** Opens the direct conversation with somebody. Both sides get the same one, also when called again. */
  createDirect(peer: string): Promise<Stored> {
    return this.#command({ create_direct: { peer } });
  }

  /**
   * Opens the conversation with the owner of a resource about it: one for each client, with the
   * own account as the client. Returns the same one when called again.
   */
  createResource(resource: string, about: NewResource): Promise<Stored> {
    return this.#command({ create_resource: { resource, ...about } });
  }

  /** Creates a group, owned by the own account. */
  createGroup(group: NewConversation): Promise<Stored> {
    return this.createConversation("group", group);
  }

  /** Creates a channel, owned by the own account: admins write, everybody else reads. */
  createChannel(channel: NewConversation): Promise<Stored> {
    return this.createConversation("channel", channel);
  }

  /** Creates a conversation of a kind with members, owned by the own account. */
  createConversation(kind: Exclude<ConversationKind, "direct" | "thread" | "resource" | "unknown">, conversation: NewConversation): Promise<Stored> {
    const { policies = [], members = [], ...rest } = conversation;
    return this.#command({ create_conversation: { kind, policies: [...policies], members: [...members], ...rest } });
  }

  /** Sends a message: a text of 1 to 4,000 characters, a place, or application-defined content. */
  async sendMessage(
    conversation: string,
    content: Sendable,
    options: { replyTo?: string; mentions?: string[]; thread?: string } = {},
  ): Promise<Stored> {
    return await this.#command({ send_message: { conversation, content: toModule(content), ...options } });
  }

  /**
   * Opens the thread of a message that is shown, in the conversation or in one of its threads.
   * Does nothing if it is open already.
   */
  createThread(conversation: string, message: string, title?: string): Promise<Stored> {
    return this.#command({ create_thread: { conversation, message, title } });
  }

  /** Names, locks, closes or reopens a thread, as in `{ locked: true }`. */
  setThread(conversation: string, thread: string, change: ThreadChange): Promise<Stored> {
    return this.#command({ set_thread: { conversation, thread, change } });
  }

  /** Replaces the content of an own message with content of the same kind. */
  async editMessage(conversation: string, message: string, content: Sendable): Promise<Stored> {
    return await this.#command({ edit_message: { conversation, message, content: toModule(content) } });
  }

  /** Deletes a message. */
  deleteMessage(conversation: string, message: string): Promise<Stored> {
    return this.#command({ delete_message: { conversation, message } });
  }

  /** Adds a reaction to a message. */
  react(conversation: string, message: string, emoji: string): Promise<Stored> {
    return this.#command({ react: { conversation, message, emoji } });
  }

  /** Removes an own reaction from a message. */
  unreact(conversation: string, message: string, emoji: string): Promise<Stored> {
    return this.#command({ unreact: { conversation, message, emoji } });
  }

  /** Changes a text that describes a conversation; without a text it is removed. */
  setInfo(conversation: string, field: InfoField, text?: string): Promise<Stored> {
    return this.#command({ set_info: { conversation, field, text } });
  }

  /** Changes the title; without a text it is removed. */
  setTitle(conversation: string, title?: string): Promise<Stored> {
    return this.setInfo(conversation, "title", title);
  }

  /** Changes the description; without a text it is removed. */
  setDescription(conversation: string, description?: string): Promise<Stored> {
    return this.setInfo(conversation, "description", description);
  }

  /** Changes the theme of a conversation; without one the app's own is used. */
  setTheme(conversation: string, theme?: Theme): Promise<Stored> {
    return this.#command({ set_theme: { conversation, theme } });
  }

  /** Changes the visibility of a conversation. */
  setScope(conversation: string, scope: Scope): Promise<Stored> {
    return this.#command({ set_scope: { conversation, scope } });
  }

  /** Changes a policy, as in `{ slow_mode_seconds: 30 }`. */
  setPolicy(conversation: string, policy: Policy): Promise<Stored> {
    return this.#command({ set_policy: { conversation, policy } });
  }

  /** Archives, closes, reopens (`active`) or deletes a conversation, for everybody. */
  setState(conversation: string, state: ConversationState): Promise<Stored> {
    return this.#command({ set_state: { conversation, state } });
  }

  /** Closes a resource conversation with its lead, which was won or lost. For its owner and their staff. */
  finalizeLead(conversation: string, outcome: LeadOutcome, reason?: string): Promise<Stored> {
    return this.#command({ finalize_lead: { conversation, outcome, reason } });
  }

  /** Moves the lead of a resource conversation to a stage of the operator's own, or back to `open`. */
  setLeadStage(conversation: string, stage: LeadStage): Promise<Stored> {
    return this.#command({ set_lead_stage: { conversation, stage } });
  }

  /** Locks a conversation, so that only moderators and above can write, or unlocks it. */
  setLocked(conversation: string, locked: boolean): Promise<Stored> {
    return this.#command({ set_locked: { conversation, locked } });
  }

  /** Defines or changes a custom role; without a definition it is removed. */
  defineRole(conversation: string, name: string, role?: RoleDefinition): Promise<Stored> {
    return this.#command({ define_role: { conversation, name, role } });
  }

  /** Adds a member, or brings one back. Rejects with `member_exists` if they are a member with another role. */
  addMember(conversation: string, account: string, role: Role = "member"): Promise<Stored> {
    return this.#command({ add_member: { conversation, account, role } });
  }

  /** Invites somebody, who becomes a member by accepting. Rejects with `member_exists` if they are a member. */
  inviteMember(conversation: string, account: string, role: Role = "member"): Promise<Stored> {
    return this.#command({ invite_member: { conversation, account, role } });
  }

  /**
   * Creates an invite link. Returns its id and its code, which is stored nowhere: whoever has the
   * conversation and the code can `join`, if the policy `join` allows links.
   */
  async createInvite(conversation: string, invite: Invite = {}): Promise<{ id: string; code: string }> {
    const code = inviteCode(crypto.getRandomValues(new Uint8Array(16)));
    const id = inviteOf(code);
    await this.setInvite(conversation, id, invite);
    return { id, code };
  }

  /** Replaces the settings of an invite link; without settings it is deleted. */
  setInvite(conversation: string, id: string, invite?: Invite): Promise<Stored> {
    const { role = "member", enabled = true, until, usesMax } = invite ?? {};
    const terms = invite && { role, enabled, until: until?.getTime(), usesMax };
    return this.#command({ set_invite: { conversation, invite: id, terms } });
  }

  /**
   * Asks to join a conversation, with the code of an invite link or, if the conversation is open,
   * without one. Resolves when the request is durable on this device. The request is kept, and
   * counted as unsynced, until it is answered: by a row of `conversations` that is `active`, or
   * `requested` if somebody has to approve, or by a row of `refused` with the command
   * `request_membership` and this conversation.
   */
  join(conversation: string, code?: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: { join: code } } });
  }

  /** Accepts an invitation; answered like `join`. */
  acceptInvitation(conversation: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: "accept" } });
  }

  /** Declines an invitation, or withdraws the request to join. */
  declineInvitation(conversation: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: "decline" } });
  }

  /**
   * Declines every invitation; returns their number. Each is durable on this device, and sent like
   * a single one.
   */
  async declineAll(): Promise<number> {
    const invited = this.#list.rows.filter((row) => row.status === "invited");
    await Promise.all(invited.map((row) => this.declineInvitation(row.conversation)));
    return invited.length;
  }

  /**
   * Approves or declines a request to join. Rejects with `member_unknown` if the account is not
   * waiting any more.
   */
  answerRequest(conversation: string, account: string, approved: boolean): Promise<Stored> {
    return this.#command({ answer_request: { conversation, account, approved } });
  }

  /** Admits or discards a held message, which its author wrote before they knew that they were removed. */
  answerHeld(conversation: string, message: string, admitted: boolean): Promise<Stored> {
    return this.#command({ answer_held: { conversation, message, admitted } });
  }

  /** Removes a member, or withdraws an invitation. */
  removeMember(conversation: string, account: string): Promise<Stored> {
    return this.#command({ remove_member: { conversation, account } });
  }

  /** Removes a member and bans them: they cannot be invited until the ban is lifted. */
  banMember(conversation: string, account: string): Promise<Stored> {
    return this.#command({ ban_member: { conversation, account } });
  }

  /**
   * Lifts a ban, which does not make the account a member. Rejects with `member_unknown` if it is
   * not banned.
   */
  unbanMember(conversation: string, account: string): Promise<Stored> {
    return this.#command({ unban_member: { conversation, account } });
  }

  /** Leaves a conversation. */
  leave(conversation: string): Promise<Stored> {
    return this.#command({ leave: { conversation } });
  }

  /** Changes a member's role. */
  changeRole(conversation: string, account: string, role: Role): Promise<Stored> {
    return this.#command({ change_role: { conversation, account, role } });
  }

  /** Makes another member the owner, and the own account an admin. */
  transferOwnership(conversation: string, account: string): Promise<Stored> {
    return this.#command({ transfer_ownership: { conversation, account } });
  }

  /**
   * Grants or denies a member one permission, for good or until a date; `undefined` restores what
   * the role says. Denying `message:send` for a while mutes a member.
   */
  setPermission(
    conversation: string,
    account: string,
    permission: Permission,
    allowed: boolean | undefined,
    options: { until?: Date } = {},
  ): Promise<Stored> {
    const until = options.until?.getTime();
    return this.#command({ set_permission: { conversation, account, permission, allowed, until } });
  }

  /** Changes the own name or color (`#RRGGBB`) in a conversation; without a text it is removed. */
  setMemberText(conversation: string, field: MemberField, text?: string): Promise<Stored> {
    return this.#command({ set_member_text: { conversation, field, text } });
  }

  /** Pins a message. */
  pinMessage(conversation: string, message: string): Promise<Stored> {
    return this.#command({ pin_message: { conversation, message } });
  }

  /** Unpins a message. */
  unpinMessage(conversation: string, message: string): Promise<Stored> {
    return this.#command({ unpin_message: { conversation, message } });
  }

  /**
   * Replaces the own profile: a field without a value is removed. A tenant administrator
   * can change another `account`'s, which requires a connection: otherwise it rejects
   * with `unreachable`.
   */
  setProfile(profile: Profile, options: { readonly account?: string } = {}): Promise<Stored> {
    return this.#command({ set_profile: { profile, ...options } });
  }

  /** Adds a contact, or changes the one with its id. */
  addContact(contact: NewContact): Promise<Stored> {
    const { id, kind = "person", favorite = false, ...rest } = contact;
    return this.#command({ add_contact: { ...(id === undefined ? {} : { id }), contact: { kind, favorite, ...rest } } });
  }

  /** Removes a contact. */
  removeContact(id: string): Promise<Stored> {
    return this.#command({ remove_contact: { id } });
  }

  /**
   * Blocks an account: the server refuses what it writes in the direct conversation with it, it
   * cannot invite or add the own account anywhere, and neither its presence nor its profile
   * changes arrive here. Nobody is notified.
   */
  block(account: string): Promise<Stored> {
    return this.#command({ block_account: { account, blocked: true } });
  }

  /** Lifts a block. */
  unblock(account: string): Promise<Stored> {
    return this.#command({ block_account: { account, blocked: false } });
  }

  /**
   * Sets who may invite the own account, add it, or begin a direct conversation with it:
   * everybody, the accounts linked to its contacts, or nobody. Existing conversations go on.
   * Nobody is notified.
   */
  setReachability(reachability: Reachability): Promise<Stored> {
    return this.#command({ set_reachability: { reachability } });
  }

  /**
   * Asks the server for accounts with these verified phone numbers and e-mail addresses, written
   * as people write them, at most 1,000 at once. `region`, two letters of ISO 3166, is the home
   * country of numbers without a country code. Accounts that have blocked the own account are not
   * found. Rejects with `unreachable` when offline, `too_many_contacts` for more at once, and
   * `rate_limited` when the account has asked for too many lately.
   */
  matchContacts(points: readonly string[], options: { region?: string } = {}): Promise<ContactMatch[]> {
    const { region } = options;
    return this.#await(this.#questions.matches, (request) => ({ match_contacts: { request, points: [...points], region } }));
  }

  /**
   * Asks the server for the subscribers of a channel: at most `limit` of those after `after`, by
   * account; and for the number of all subscribers to whom a message was delivered, and who have
   * read it: `message`, or the newest one. For staff only: rejects others with
   * `permission_denied`, and everybody with `unreachable` when offline.
   */
  subscribers(
    conversation: string,
    options: { after?: string; limit?: number; message?: string } = {},
  ): Promise<SubscriberPage> {
    const { after, limit = 100, message: reached } = options;
    return this.#await(this.#questions.subscribers, (request) => ({
      list_subscribers: { request, conversation, reached, after, limit },
    }));
  }

  /**
   * The position up to which this device has received a conversation, and a hash over its history:
   * what was said, by whom, when it was admitted and in which order. Devices of any account with
   * the same hash at the same position were sent the same; with different hashes at one position,
   * a server shows them different histories. Undefined if the conversation is not on this device.
   */
  head(conversation: string): Promise<HistoryHead | undefined> {
    return this.#await(this.#questions.heads, (request) => ({ head: { request, conversation } }));
  }

  /** Mutes a conversation until a date, or for good without one; `null` unmutes it. */
  mute(conversation: string, until?: Date | null): Promise<Stored> {
    // The core reads any time after the last date there is as "for good".
    const end = until === undefined ? Infinity : until?.getTime();
    return this.#set(conversation, { muted_until: end });
  }

  /** Pins a conversation to the top, or unpins it. */
  pinConversation(conversation: string, on: boolean): Promise<Stored> {
    return this.#set(conversation, { pinned: on });
  }

  /** Archives a conversation for the own account, or brings it back. */
  archiveConversation(conversation: string, on: boolean): Promise<Stored> {
    return this.#set(conversation, { archived: on });
  }

  /** Sets the notification level of a conversation; every message by default. */
  setNotifications(conversation: string, notifications: NotificationLevel): Promise<Stored> {
    return this.#set(conversation, { notifications });
  }

  #set(conversation: string, setting: SettingChange): Promise<Stored> {
    return this.#command({ set_conversation_setting: { conversation, setting } });
  }

  #command(command: Command): Promise<Stored> {
    return this.#request((request) => ({ command: { request, command } }));
  }

  #request(input: (request: number) => Input): Promise<Stored> {
    return this.#await(this.#waiting, input);
  }

  #ask(query: Query): Promise<ListPage> {
    return this.#await(this.#questions.lists, (request) => ({ list: { request, query } }));
  }

  #await<Answer>(waiting: Map<number, Waiting<Answer>>, input: (request: number) => Input): Promise<Answer> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise<Answer>((resolve, reject) => {
      waiting.set(request, { resolve, reject });
      try {
        this.#input(input(request));
      } catch (error) {
        waiting.delete(request);
        throw error;
      }
    });
  }

  /** Rejects everything that is not answered: commands, and requests, which can be repeated. */
  #rejectAll(error: TidingsError, ofQuestions: TidingsError = error): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(error);
    }
    this.#waiting.clear();
    for (const questions of Object.values(this.#questions)) {
      for (const question of questions.values()) {
        question.reject(ofQuestions);
      }
      questions.clear();
    }
  }

  readonly #input = (input: Input): void => {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    if (this.#closing !== undefined) {
      throw errorOf("client_closed", "");
    }
    this.#driver.input(input);
  };

  /** An input that is dropped while no engine runs: a restarted engine gets it from the remembered state. */
  readonly #inputWhenRunning = (input: Input): void => {
    if (this.#failure !== undefined || this.#closing !== undefined || this.#driver.isRunning) {
      this.#input(input);
    }
  };

  /** A screen's input. A closed client ignores it, and a restarted engine gets the state anew. */
  readonly #tellEngine = (input: Input): void => {
    if (this.#failure === undefined && this.#closing === undefined && this.#driver.isRunning) {
      this.#driver.input(input);
    }
  };

  /** Updates the details of a conversation and its threads with a member's new presence. */
  #present({ conversation, account, kind }: PresenceChange): void {
    this.#open.get(conversation)?.setPresence(account, kind);
    for (const thread of this.#threads) {
      if (thread.conversation === conversation) {
        thread.setPresence(account, kind);
      }
    }
  }

  /** Counts a subscription to a conversation or thread; the first one opens it, the last one closes it. */
  #show(conversation: string, thread?: string): { open: OpenConversation; release: Unsubscribe } {
    const timeline = thread ?? conversation;
    let open = this.#open.get(timeline);
    if (open === undefined) {
      open = new OpenConversation(conversation, thread);
      this.#open.set(timeline, open);
      if (thread !== undefined) {
        this.#threads.add(open);
      }
      // A closed client has nothing to show; a screen may outlive its client for a moment.
      try {
        this.#tellEngine(open.input);
      } catch (error) {
        this.#open.delete(timeline);
        this.#threads.delete(open);
        throw error;
      }
    }
    const shown = open;
    shown.subscriptions += 1;
    const release = once(() => {
      shown.subscriptions -= 1;
      if (shown.subscriptions === 0) {
        this.#open.delete(timeline);
        this.#threads.delete(shown);
        this.#tellEngine({ close_conversation: timeline });
      }
    });
    return { open: shown, release };
  }

  /** Applies updates. A listener may execute a command, which re-enters here, so updates are queued. */
  #take(updates: Update[]): void {
    this.#updates.push(...updates);
    if (this.#isTelling) {
      return;
    }
    this.#isTelling = true;
    for (let update = this.#updates.shift(); update !== undefined; update = this.#updates.shift()) {
      this.#apply(update);
    }
    this.#isTelling = false;
  }

  #apply(update: Update): void {
    switch (update.type) {
      case "first_rows":
        // Not again after a restart of the engine: the list is on the screen.
        if (this.#ready !== undefined) {
          protect(() => {
            this.#onFirstRows?.(update.value);
          });
        }
        break;
      case "ready":
        this.#ready?.resolve();
        this.#ready = undefined;
        if (this.#isRestarting) {
          this.#isRestarting = false;
          this.#onEngine.tell(undefined);
        }
        break;
      case "connection":
        this.#setConnection(update.value);
        break;
      case "conversations": {
        this.#onList.tell(this.#list.apply(update.value));
        break;
      }
      case "timeline": {
        update.value.rows.forEach(readPayload);
        const open = this.#open.get(update.value.conversation);
        open?.timeline.tell(open.rows.apply(update.value));
        break;
      }
      case "conversation":
        update.value.held.forEach(readPayload);
        this.#open.get(update.value.conversation)?.setDetail(update.value);
        break;
      case "members":
        this.#open.get(update.value.conversation)?.changeMembers(update.value.changes, update.value.updatedAt);
        break;
      case "gone":
        this.#open.get(update.value)?.setDetail(undefined);
        {
          const change = this.#list.remove(update.value);
          if (change !== undefined) {
            this.#onList.tell(change);
          }
        }
        break;
      case "refused":
        update.value.rows.forEach(readPayload);
        applyRows(this.#refused, update.value.rows, update.value.removed);
        this.#onRefused.tell(this.#refusedRows());
        break;
      case "unsynced":
        this.#unsynced = update.value;
        this.#onUnsynced.tell(update.value);
        break;
      case "presence":
        this.#present(update.value);
        this.#onPresence.tell(update.value);
        break;
      case "profile": {
        const { account, profile } = update.value;
        this.#profiles.set(account, profile);
        this.#onProfile.tell({ account, profile });
        break;
      }
      case "contacts":
        applyRows(this.#contacts, update.value.rows, update.value.removed);
        this.#onContacts.tell([...this.#contacts.values()]);
        break;
      case "blocked":
        this.#blocked = update.value;
        this.#onBlocked.tell([...update.value]);
        break;
      case "reachability":
        this.#reachability = update.value;
        this.#onReachability.tell(update.value);
        break;
      case "command_stored": {
        const { request, ...stored } = update.value;
        answer(this.#waiting, request, stored);
        break;
      }
      case "contacts_matched":
        answer(this.#questions.matches, update.value.request, update.value.matches);
        break;
      case "subscribers_listed":
        answer(this.#questions.subscribers, update.value.request, update.value.page);
        break;
      case "head":
        answer(this.#questions.heads, update.value.request, update.value.head);
        break;
      case "listed":
        answer(this.#questions.lists, update.value.request, update.value.page);
        break;
      case "command_failed": {
        const { request, code, detail } = update.value;
        for (const waiting of [this.#waiting, ...Object.values(this.#questions)]) {
          waiting.get(request)?.reject(errorOf(code, detail));
          waiting.delete(request);
        }
        break;
      }
      case "storage_failed":
        this.#onStorage.tell(update.value);
        break;
      case "storage_recovered":
        this.#onStorage.tell(undefined);
        break;
      case "server_fault":
        this.#onServerFault.tell(update.value);
        break;
    }
  }

  #refusedRows(): RefusedRow[] {
    return [...this.#refused.values()].sort((a, b) => a.id - b.id);
  }

  #setConnection(state: ConnectionState): void {
    // An engine that is given up to another tab only reports its own end.
    if (!this.#isAway || state.type === "store_in_use") {
      this.#connection = state;
      this.#onConnection.tell(state);
    }
  }

  /** Another tab has taken the store: this one waits until it gets it back. */
  #lost(): void {
    this.#yield(false);
    void this.#return();
  }

  /** Releases the store for whoever asks for it next. With `last` this client may still write to it. */
  #yield(last: boolean): void {
    if (this.#isAway || this.#closing !== undefined || this.#failure !== undefined) {
      return;
    }
    this.#isAway = true;
    this.#driver.suspend(last);
    this.#opened.release();
    // If executed again, it could be there twice.
    const lost = new TidingsError("store_in_use", "it may be stored, or not: the timeline tells", false);
    this.#rejectAll(lost, errorOf("store_in_use", "another tab has the store"));
    this.#setConnection({ type: "store_in_use" });
  }

  /** Waits for the store, and continues from it. */
  async #return(): Promise<void> {
    if (!this.#isAway || (this.#returning !== undefined && !this.#returning.signal.aborted)) {
      return;
    }
    const { signal } = (this.#returning = new AbortController());
    const news: StoreNews = {
      onLost: () => {
        this.#lost();
      },
      signal,
    };
    try {
      const opened = await openStore({ ...this.#options, whenInUse: "wait", onStoreInUse: () => undefined }, news);
      if (signal.aborted || this.#closing !== undefined) {
        opened.store.close();
        opened.release();
        return;
      }
      this.#returning = undefined;
      this.#opened = opened;
      this.#isAway = false;
      await this.#driver.resume(opened.store);
    } catch (error) {
      if (!signal.aborted) {
        this.#driver.abandon();
        this.#fail(error instanceof TidingsError ? error : errorOf("storage_corrupt", String(error), { cause: error }));
      }
    }
  }

  async #close(): Promise<void> {
    this.#returning?.abort();
    await this.#driver.close();
    if (this.#failure === undefined) {
      this.#connection = { type: "closed" };
    }
    this.#end(errorOf("client_closed", ""));
  }

  /**
   * The engine has stopped: everything that is shown comes again from the store, except for what
   * was not stored.
   */
  #stopped(): void {
    this.#isRestarting = true;
    // If executed again, it could be there twice.
    const lost = new TidingsError("engine_stopped", "it may be stored, or not: the timeline tells", false);
    this.#rejectAll(lost, errorOf("engine_stopped", "the engine starts again"));
    this.#onEngine.tell("engine_stopped");
  }

  /** A new engine reads the store: restores what the app has opened and set. */
  #restarted(): void {
    this.#list = new ConversationList();
    this.#contacts.clear();
    this.#blocked = [];
    this.#refused.clear();
    if (!this.#isNetworkOn) {
      this.#input({ set_network: false });
    }
    for (const open of this.#open.values()) {
      open.rows.forget();
      this.#input(open.input);
    }
  }

  #tokenFailed(error: TidingsError): void {
    if (error.message !== this.#warned) {
      this.#warned = error.message;
      console.warn(`tidings: no connection without a token: ${error.message}`, error.cause);
    }
    this.#onTokenError.tell(error);
  }

  #fail(error: TidingsError): void {
    this.#failure = error;
    this.#returning?.abort();
    this.#connection = { type: "rejected", code: error.code, detail: error.message };
    this.#end(error);
    this.#onConnection.tell(this.#connection);
  }

  #end(error: TidingsError): void {
    globalThis.removeEventListener?.("online", this.#onOnline);
    globalThis.removeEventListener?.("offline", this.#onOffline);
    this.#stopLifecycle();
    this.#opened.release();
    this.#ready?.reject(error);
    this.#rejectAll(error);
  }

  readonly #onOnline = (): void => {
    if (this.#failure === undefined && this.#closing === undefined) {
      this.#inputWhenRunning("connect_now");
    }
  };

  /** A socket may stay open for a minute without a network, but nothing arrives through it. */
  readonly #onOffline = (): void => {
    this.#driver.networkLost();
  };
}

function answer<Answer>(waiting: Map<number, Waiting<Answer>>, request: number, answer: Answer): void {
  waiting.get(request)?.resolve(answer);
  waiting.delete(request);
}

function applyRows<Id, Row extends { readonly id: Id }>(rows: Map<Id, Row>, came: Row[], went: Id[]): void {
  for (const id of went) {
    rows.delete(id);
  }
  for (const row of came) {
    rows.set(row.id, row);
  }
}

/** A subscription whose listener is called at once. */
function begin(unsubscribe: Unsubscribe, tell: () => void): Subscription {
  protect(tell);
  return { close: unsubscribe };
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) {
      isDone = true;
      run();
    }
  };
}
