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

/** What the engine tells of one kind. */
type Told<Type extends Update["type"]> = Extract<Update, { type: Type; value: unknown }>["value"];

/** The public profile of an account, and whose it is. */
export type ProfileChange = Told<"profile">;

/** What somebody is doing in an open conversation. */
export type PresenceChange = Told<"presence">;

/** What a stored command made or is about: the conversation it created or acts in, the message it wrote or is about. */
export type Stored = Omit<Told<"command_stored">, "request">;

/** A contact to be added, a person unless said otherwise; or changed, if its id is given. */
export interface NewContact extends Partial<Contact> {
  readonly id?: string;
}

/** What a resource conversation is about, beside the id that the resource has at the operator's. */
export interface NewResource {
  /** The account that it belongs to. */
  readonly owner: string;
  /** What it is called. */
  readonly title?: string;
  /** What its owner is called. */
  readonly ownerName?: string;
  /** What the client is called. */
  readonly clientName?: string;
  /** What the client wants, in a name of the operator's. */
  readonly intent?: string;
  /** How the client wants to be reached, in a name of the operator's. */
  readonly contactChannel?: string;
}

/** What a conversation with a roster starts with. */
export interface NewConversation {
  /** The title for people. */
  readonly title?: string;
  /** The name for machines and search, which a public one has. */
  readonly name?: string;
  /** Who may know of it; private unless said otherwise. */
  readonly scope?: Scope;
  /** The policies that are not the kind's own. */
  readonly policies?: readonly Policy[];
  /** Who is a member from the start, beside the own account. */
  readonly members?: readonly string[];
  /** The account that it belongs to, if not the own one; an administrator of the tenant may say so. */
  readonly account?: string;
  /** The object of another service that it is the back of; an administrator of the tenant may say so. */
  readonly link?: Link;
}

/** What an invite link does. */
export interface Invite {
  /** What who comes in by it becomes: a member, unless said otherwise. */
  readonly role?: Role;
  /** From when on it lets nobody in; never, unless said otherwise. */
  readonly until?: Date;
  /** How many it lets in; any number, unless said otherwise. */
  readonly usesMax?: number;
  /** Whether it lets anybody in at the moment; it does, unless said otherwise. */
  readonly enabled?: boolean;
}

/** Answers a command, or a question. */
interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: TidingsError): void;
}

/** One account on one device, online and offline. */
export class Client {
  /** The own account. */
  readonly account: string;
  /** Whom the account belongs to. */
  readonly tenant: string;
  /** Where the state is kept. */
  readonly store: StoreKind;
  /** Why the state is kept in memory only, although it was to be in IndexedDB. */
  readonly storeFallback: Code | undefined;

  readonly #driver: Driver;
  readonly #options: ClientOptions;
  #opened: OpenStore;
  /** Whether another tab has the store, or may take it: there is no engine then. */
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
  /** The last failure to get a token that the console was told of. */
  #warned: string | undefined;
  /** Whether the engine stopped, and the state is being read again. */
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

  /** How the connection stands. */
  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Tells when the connection changes. */
  onConnection(listener: (state: ConnectionState) => void): Unsubscribe {
    return this.#onConnection.add(listener);
  }

  /**
   * Tells when `options.token` gave no token, with what it threw as the error's `cause`. The client asks again later;
   * the same failure is told in the console once.
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

  /** How many commands the server has not answered yet. */
  get unsynced(): number {
    return this.#unsynced;
  }

  /** Tells when the count of unsynced commands changes. */
  onUnsynced(listener: (count: number) => void): Unsubscribe {
    return this.#onUnsynced.add(listener);
  }

  /** Tells with a code when the store fails, and with none when it works again. */
  onStorage(listener: (code: Code | undefined) => void): Unsubscribe {
    return this.#onStorage.add(listener);
  }

  /**
   * Tells with `engine_stopped` when the engine stopped in the middle of
   * something and starts again from the store, and with none when it has. When
   * it stops again and again it is given up: the connection is then `rejected`
   * with this code, and the client takes nothing any more.
   */
  onEngine(listener: (code: Code | undefined) => void): Unsubscribe {
    return this.#onEngine.add(listener);
  }

  /**
   * Tells what the server did that it must not: it sent an entry or a state that
   * cannot be taken, told another history of a conversation than before
   * (`history_differs`) or, with `verify`, let in what its own rules refuse. Told
   * when it is seen, and not kept.
   */
  onServerFault(listener: (fault: ServerFault) => void): Unsubscribe {
    return this.#onServerFault.add(listener);
  }

  /** The list of conversations, at once and after each change. */
  conversations(listener: (change: ConversationsChange) => void): Subscription {
    const { rows } = this.#list;
    const changed = rows.map((row) => row.conversation);
    return begin(this.#onList.add(listener), () => {
      listener({ rows, changed });
    });
  }

  /** The row of the direct with somebody, if there is one. */
  directWith(account: string): ConversationRow | undefined {
    return this.#list.row(directOf(this.tenant, this.account, account));
  }

  /**
   * A page of the own conversations, by newest activity: those asked for by kind,
   * status and state, or by words of their names. Answered on this device, which
   * has every one where the account takes part, was invited or asked to be let in;
   * by the server, where there is a link, of what it left or was put out of.
   * `complete` tells whether none can be missing.
   */
  async list(query: OwnQuery = {}): Promise<OwnPage> {
    const listed = await this.#ask({ own: query });
    if (listed.type !== "own") {
      throw errorOf("unknown", "a page of another list");
    }
    return listed.page;
  }

  /**
   * A page of what everybody of the tenant may find: public conversations with a
   * word in their title or name for each of these, that begins like it; or, behind
   * an `@`, by how their names begin. Rejects with `unreachable` without a link,
   * and with `text_empty`, `text_too_long` or `value_invalid` for what cannot be
   * looked for. A page may be short, or empty, and have a next one.
   */
  async searchPublic(words: string, options: Omit<DirectoryQuery, "words"> = {}): Promise<DirectoryPage> {
    const listed = await this.#ask({ directory: { ...options, words } });
    if (listed.type !== "directory") {
      throw errorOf("unknown", "a page of another list");
    }
    return listed.page;
  }

  /**
   * The thread of a message of a conversation, or of one of its threads: an id
   * that everybody derives alike, whether the thread was opened already or not.
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

  /** Tells what others are doing in open conversations. */
  onPresence(listener: (presence: PresenceChange) => void): Unsubscribe {
    return this.#onPresence.add(listener);
  }

  /** The public profile of an account, if known. */
  profile(account: string): Profile | undefined {
    return this.#profiles.get(account);
  }

  /** Tells when a profile comes or changes. */
  onProfile(listener: (change: ProfileChange) => void): Unsubscribe {
    return this.#onProfile.add(listener);
  }

  /** The own contacts, at once and after each change. */
  contacts(listener: (contacts: ContactRow[]) => void): Subscription {
    return begin(this.#onContacts.add(listener), () => {
      listener([...this.#contacts.values()]);
    });
  }

  /** Whom the own account has blocked, at once and after each change. */
  blocked(listener: (blocked: BlockedRow[]) => void): Subscription {
    return begin(this.#onBlocked.add(listener), () => {
      listener([...this.#blocked]);
    });
  }

  /** Who may reach the own account, at once and after each change. */
  reachability(listener: (reachability: Reachability) => void): Subscription {
    return begin(this.#onReachability.add(listener), () => {
      listener(this.#reachability);
    });
  }

  /** The refused commands, oldest first, at once and after each change. */
  refused(listener: (rows: RefusedRow[]) => void): Subscription {
    return begin(this.#onRefused.add(listener), () => {
      listener(this.#refusedRows());
    });
  }

  /** Commands a refused command again, with other words if given. */
  async retryRefused(id: number, words?: string): Promise<void> {
    await this.#request((request) => ({ retry_refused: { request, id, words } }));
  }

  /** Gives a refused command up, with its words. */
  discardRefused(id: number): void {
    this.#input({ discard_refused: { id } });
  }

  // Commands. Each resolves when it is durable on this device.

  /** Opens the direct with somebody; the same one for both sides, and again. */
  createDirect(peer: string): Promise<Stored> {
    return this.#command({ create_direct: { peer } });
  }

  /**
   * Asks the owner of a resource about it: one conversation for each client, with
   * the own account as the client; the same one again.
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

  /** Creates a conversation of a kind that has a roster, owned by the own account. */
  createConversation(kind: Exclude<ConversationKind, "direct" | "thread" | "resource" | "unknown">, conversation: NewConversation): Promise<Stored> {
    const { policies = [], members = [], ...rest } = conversation;
    return this.#command({ create_conversation: { kind, policies: [...policies], members: [...members], ...rest } });
  }

  /** Sends a message: a text of 1 to 4,000 characters, a place, or content of the app's own. */
  async sendMessage(
    conversation: string,
    content: Sendable,
    options: { replyTo?: string; mentions?: string[]; thread?: string } = {},
  ): Promise<Stored> {
    return await this.#command({ send_message: { conversation, content: toModule(content), ...options } });
  }

  /**
   * Opens the thread of a message that is shown, of the conversation or of one
   * of its threads; again does nothing.
   */
  createThread(conversation: string, message: string, title?: string): Promise<Stored> {
    return this.#command({ create_thread: { conversation, message, title } });
  }

  /** Names, locks, closes or reopens a thread, as in `{ locked: true }`. */
  setThread(conversation: string, thread: string, change: ThreadChange): Promise<Stored> {
    return this.#command({ set_thread: { conversation, thread, change } });
  }

  /** Replaces what an own message says by something of the same kind. */
  async editMessage(conversation: string, message: string, content: Sendable): Promise<Stored> {
    return await this.#command({ edit_message: { conversation, message, content: toModule(content) } });
  }

  /** Takes a message back. */
  deleteMessage(conversation: string, message: string): Promise<Stored> {
    return this.#command({ delete_message: { conversation, message } });
  }

  /** Puts an emoji on a message. */
  react(conversation: string, message: string, emoji: string): Promise<Stored> {
    return this.#command({ react: { conversation, message, emoji } });
  }

  /** Takes an own emoji off a message. */
  unreact(conversation: string, message: string, emoji: string): Promise<Stored> {
    return this.#command({ unreact: { conversation, message, emoji } });
  }

  /** Changes a text that describes a conversation; none removes it. */
  setInfo(conversation: string, field: InfoField, text?: string): Promise<Stored> {
    return this.#command({ set_info: { conversation, field, text } });
  }

  /** Changes the title; none removes it. */
  setTitle(conversation: string, title?: string): Promise<Stored> {
    return this.setInfo(conversation, "title", title);
  }

  /** Changes the description; none removes it. */
  setDescription(conversation: string, description?: string): Promise<Stored> {
    return this.setInfo(conversation, "description", description);
  }

  /** Changes how a conversation looks; none goes back to the app's own look. */
  setTheme(conversation: string, theme?: Theme): Promise<Stored> {
    return this.#command({ set_theme: { conversation, theme } });
  }

  /** Changes who may know of a conversation. */
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

  /** Defines or changes one of the conversation's own roles; none removes it. */
  defineRole(conversation: string, name: string, role?: RoleDefinition): Promise<Stored> {
    return this.#command({ define_role: { conversation, name, role } });
  }

  /** Adds a member, or brings one back. Rejects with `member_exists` for a member in another role. */
  addMember(conversation: string, account: string, role: Role = "member"): Promise<Stored> {
    return this.#command({ add_member: { conversation, account, role } });
  }

  /** Invites somebody, who is a member once they accept. Rejects with `member_exists` for a member. */
  inviteMember(conversation: string, account: string, role: Role = "member"): Promise<Stored> {
    return this.#command({ invite_member: { conversation, account, role } });
  }

  /**
   * Makes an invite link; answers its id and its code, which is stored nowhere:
   * whoever has the conversation and the code comes in by `join`, as far as the
   * policy `join` lets links in.
   */
  async createInvite(conversation: string, invite: Invite = {}): Promise<{ id: string; code: string }> {
    const code = inviteCode(crypto.getRandomValues(new Uint8Array(16)));
    const id = inviteOf(code);
    await this.setInvite(conversation, id, invite);
    return { id, code };
  }

  /** Changes an invite link, all of it; without a word of what it does it is taken away. */
  setInvite(conversation: string, id: string, invite?: Invite): Promise<Stored> {
    const { role = "member", enabled = true, until, usesMax } = invite ?? {};
    const terms = invite && { role, enabled, until: until?.getTime(), usesMax };
    return this.#command({ set_invite: { conversation, invite: id, terms } });
  }

  /**
   * Asks to be let into a conversation, by the code of an invite link or, where
   * it is open, without one. Resolves when the request is durable on this device; it
   * is kept, and counted as unsynced, until its answer is told: by a row of
   * `conversations` that is `active`, or `requested` where somebody has to approve,
   * or by one of `refused` with the command `request_membership` and this conversation.
   */
  join(conversation: string, code?: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: { join: code } } });
  }

  /** Takes an invitation; answered as `join` is. */
  acceptInvitation(conversation: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: "accept" } });
  }

  /** Declines an invitation, or takes back the request to join. */
  declineInvitation(conversation: string): Promise<Stored> {
    return this.#command({ request_membership: { conversation, action: "decline" } });
  }

  /** Declines every invitation there is; tells how many. Each is durable on this device and sent like a single one. */
  async declineAll(): Promise<number> {
    const invited = this.#list.rows.filter((row) => row.status === "invited");
    await Promise.all(invited.map((row) => this.declineInvitation(row.conversation)));
    return invited.length;
  }

  /** Lets in who asked, or declines. Rejects with `member_unknown` for one who does not wait any more. */
  answerRequest(conversation: string, account: string, approved: boolean): Promise<Stored> {
    return this.#command({ answer_request: { conversation, account, approved } });
  }

  /** Lets a message in that is held, of one who wrote it before they knew that they were removed, or discards it. */
  answerHeld(conversation: string, message: string, admitted: boolean): Promise<Stored> {
    return this.#command({ answer_held: { conversation, message, admitted } });
  }

  /** Removes a member, or takes an invitation back. */
  removeMember(conversation: string, account: string): Promise<Stored> {
    return this.#command({ remove_member: { conversation, account } });
  }

  /** Removes a member, who cannot be invited before the ban is lifted. */
  banMember(conversation: string, account: string): Promise<Stored> {
    return this.#command({ ban_member: { conversation, account } });
  }

  /** Lifts a ban; who was banned is not a member yet. Rejects with `member_unknown` for one who is not banned. */
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
   * Grants a member one permission or denies it, for good or until a date;
   * with `undefined` it is again as the role says. To deny `message:send` for a
   * while is to mute somebody.
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

  /** Changes the own name or color (`#RRGGBB`) in a conversation; none removes it. */
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
   * Changes the own profile, all of it: a field without a value is removed. An administrator of the tenant
   * changes that of another `account`; for that there must be a link, or it rejects with `unreachable`.
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
   * Blocks an account: in the direct with it the server refuses what it writes,
   * it cannot invite or add the own account anywhere, and neither its presence
   * nor changes of its profile arrive here. Nobody is told.
   */
  block(account: string): Promise<Stored> {
    return this.#command({ block_account: { account, blocked: true } });
  }

  /** Lifts a block. */
  unblock(account: string): Promise<Stored> {
    return this.#command({ block_account: { account, blocked: false } });
  }

  /**
   * Says who may invite the own account, add it, or begin a direct with it:
   * everybody, the accounts that its contacts are linked to, or nobody. What was
   * begun before goes on. Nobody is told.
   */
  setReachability(reachability: Reachability): Promise<Stored> {
    return this.#command({ set_reachability: { reachability } });
  }

  /**
   * Asks the server who has an account: whose verified phone numbers and e-mail
   * addresses these are, as people write them, at most 1,000 at once. Numbers
   * without a country code are of `region`, two letters of ISO 3166. Whoever has
   * blocked the own account is not found.
   *
   * Rejects with `unreachable` when offline, `too_many_contacts` for more at
   * once, and `rate_limited` when the account has asked for too many of late.
   */
  matchContacts(points: readonly string[], options: { region?: string } = {}): Promise<ContactMatch[]> {
    const { region } = options;
    return this.#await(this.#questions.matches, (request) => ({ match_contacts: { request, points: [...points], region } }));
  }

  /**
   * Asks the server who subscribes to a channel, by account: at most `limit` of
   * those behind `after`; and to how many of all of them a message was delivered,
   * and how many have read it: `message`, or the newest one. For staff only:
   * rejects others with `permission_denied`, and everybody with `unreachable` when offline.
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
   * How far this device was told a conversation, and a hash over all of it: what was said, by whom, when it was
   * admitted and in which order. Two devices, of whomever, with the same hash at the same position were told the
   * same; with two hashes at one position a server shows them different histories. None of what is not held here.
   */
  head(conversation: string): Promise<HistoryHead | undefined> {
    return this.#await(this.#questions.heads, (request) => ({ head: { request, conversation } }));
  }

  /** Mutes a conversation until a date, for good without one; `null` ends it. */
  mute(conversation: string, until?: Date | null): Promise<Stored> {
    // The core reads what lies behind the last date there is as "for good".
    const end = until === undefined ? Infinity : until?.getTime();
    return this.#set(conversation, { muted_until: end });
  }

  /** Keeps a conversation at the top, or no longer. */
  pinConversation(conversation: string, on: boolean): Promise<Stored> {
    return this.#set(conversation, { pinned: on });
  }

  /** Puts a conversation out of the way, or back. */
  archiveConversation(conversation: string, on: boolean): Promise<Stored> {
    return this.#set(conversation, { archived: on });
  }

  /** What of a conversation to be notified of: every message unless said otherwise. */
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

  /** Rejects everything that is not answered: commands, and questions, which can be asked again. */
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

  /** An input that an engine which starts again is given then, by what is remembered. */
  readonly #inputWhenRunning = (input: Input): void => {
    if (this.#failure !== undefined || this.#closing !== undefined || this.#driver.isRunning) {
      this.#input(input);
    }
  };

  /** What a screen says of itself: of no use to a client that is closed, and to an engine that is told anew of it. */
  readonly #tellEngine = (input: Input): void => {
    if (this.#failure === undefined && this.#closing === undefined && this.#driver.isRunning) {
      this.#driver.input(input);
    }
  };

  /** Somebody does something else now: the details of the conversation and of its threads say so. */
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
      // On a client that is closed there is nothing to show: a screen may outlive its client for a moment.
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

  /** Applies what changed. A listener may command something, which comes back here: it has to queue. */
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
        // Not again when the engine starts again: the list is on the screen.
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
    // What an engine says that is given up to another tab is its own end.
    if (!this.#isAway || state.type === "store_in_use") {
      this.#connection = state;
      this.#onConnection.tell(state);
    }
  }

  /** Another tab has taken the store: this one waits until it has it back. */
  #lost(): void {
    this.#yield(false);
    void this.#return();
  }

  /** Gives the store up; whoever asks for it next has it. With `last` it still is this client's to write to. */
  #yield(last: boolean): void {
    if (this.#isAway || this.#closing !== undefined || this.#failure !== undefined) {
      return;
    }
    this.#isAway = true;
    this.#driver.suspend(last);
    this.#opened.release();
    // Commanded again it could be there twice.
    const lost = new TidingsError("store_in_use", "it may be stored, or not: the timeline tells", false);
    this.#rejectAll(lost, errorOf("store_in_use", "another tab has the store"));
    this.#setConnection({ type: "store_in_use" });
  }

  /** Waits for the store, and goes on from it. */
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

  /** The engine stopped: what is shown comes again from the store, but for what was not stored. */
  #stopped(): void {
    this.#isRestarting = true;
    // Commanded again it could be there twice.
    const lost = new TidingsError("engine_stopped", "it may be stored, or not: the timeline tells", false);
    this.#rejectAll(lost, errorOf("engine_stopped", "the engine starts again"));
    this.#onEngine.tell("engine_stopped");
  }

  /** Another engine reads the store: it is told what the app wants of it. */
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

  /** A socket may live on for a minute without a network; nothing is heard through it. */
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

/** A subscription whose listener is told at once. */
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
