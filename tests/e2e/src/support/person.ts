/** A person before the web demo: does what people do with it, and reads what they see. */
import type { BrowserContext, Frame, Locator, Page } from "playwright-core";

import type { Network } from "./network.js";
import { until, untilEqual } from "./until.js";

/** A message as it is shown. */
export interface ShownMessage {
  readonly id: string;
  readonly text: string;
  readonly state: string;
  readonly isOwn: boolean;
  readonly isEdited: boolean;
  /** The emoji with how many put it there, as in `👍 2`, in the order shown. */
  readonly reactions: readonly string[];
}

/** A message as everybody sees it, whoever looks. */
export type CommonMessage = Pick<ShownMessage, "id" | "text" | "isEdited" | "reactions">;

/** A refused command as it is shown. */
export interface ShownRefusal {
  readonly code: string;
  readonly words: string;
}

/** How the connection stands. */
export type Connection = "off" | "connecting" | "catching_up" | "online" | "waiting" | "rejected" | "closed" | "store_in_use";

/** One person with one screen. */
export class Person {
  readonly account: string;
  readonly page: Page;
  /** The way to the server, for the tests that cut it. */
  readonly network: Network;
  /** Where the app is shown: the page, or a frame of it. */
  readonly screen: Page | Frame;

  constructor(account: string, page: Page, network: Network, screen: Page | Frame = page) {
    this.account = account;
    this.page = page;
    this.network = network;
    this.screen = screen;
  }

  /** Opens the app in a new tab of `context`, at an address that says `more`; what it shows is not waited for. */
  static async visit(
    context: BrowserContext,
    network: Network,
    account: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Person> {
    const page = await context.newPage();
    await page.goto(`${network.url}/?${new URLSearchParams({ account, ...more })}`);
    return new Person(account, page, network);
  }

  /** What a test id names. */
  find(testId: string): Locator {
    return this.screen.getByTestId(testId);
  }

  // Connection.

  /** How the connection stands, none before the screen is there. */
  async connection(): Promise<string | undefined> {
    const states = await this.find("connection").evaluateAll((shown) =>
      shown.map((element) => element.dataset["state"]),
    );
    return states[0];
  }

  /** How the connection stands, in the words on the screen. */
  async connectionWords(): Promise<string> {
    return (await this.find("connection").innerText()).trim();
  }

  async untilConnection(wanted: Connection): Promise<void> {
    await untilEqual(`${this.account}'s connection`, () => this.connection(), wanted);
  }

  /** Waits until the first sign-in is over: online, with a name, and everything sent. */
  async untilSettled(): Promise<void> {
    await this.untilConnection("online");
    const name = this.account.charAt(0).toUpperCase() + this.account.slice(1);
    await until(
      `${this.account}'s name`,
      () => this.find("identity").innerText(),
      (words) => words.includes(name),
    );
    await this.untilSynced();
  }

  /** Waits until nothing waits for the server any more. */
  async untilSynced(): Promise<void> {
    await untilEqual(`what ${this.account} has not sent`, () => this.find("unsynced").getAttribute("data-count"), "0");
    await this.untilConnection("online");
  }

  /** Turns the app's own network switch off. */
  async goOffline(): Promise<void> {
    await this.find("network-switch").click();
    await this.untilConnection("off");
  }

  /** Turns the app's own network switch on. */
  async goOnline(): Promise<void> {
    await this.find("network-switch").click();
    await this.untilConnection("online");
  }

  /** Cuts the device off: nothing gets through, and the browser says so. */
  async loseNetwork(): Promise<void> {
    this.network.cut();
    // A browser that is told to play dead may keep the end of a connection to itself.
    await this.untilConnection("waiting");
    await this.page.context().setOffline(true);
  }

  /** Gives the device its network back. */
  async regainNetwork(): Promise<void> {
    this.network.restore();
    await this.page.context().setOffline(false);
    await this.untilConnection("online");
  }

  // Conversations.

  /** Starts or opens the chat with somebody; answers its id. */
  async startDirect(peer: string): Promise<string> {
    await this.find("new-direct").click();
    await this.find("new-direct-account").fill(peer);
    return this.#agreeAndOpen();
  }

  /** Asks somebody about a thing of theirs; answers the conversation's id. */
  async askAbout(thing: string, owner: string): Promise<string> {
    await this.find("new-direct").click();
    await this.find("new-direct-account").fill(owner);
    await this.find("new-direct-about").fill(thing);
    return this.#agreeAndOpen();
  }

  /** Creates a group; answers its id. */
  startGroup(title: string, members: readonly string[]): Promise<string> {
    return this.#startRoster("group", title, members);
  }

  /** Creates a channel, a public one if it has a name; answers its id. */
  startChannel(title: string, members: readonly string[], name?: string): Promise<string> {
    return this.#startRoster("channel", title, members, name);
  }

  async #startRoster(
    kind: "group" | "channel",
    title: string,
    members: readonly string[],
    name?: string,
  ): Promise<string> {
    await this.find(`new-${kind}`).click();
    await this.find(`new-${kind}-title`).fill(title);
    await this.find(`new-${kind}-members`).fill(members.join(", "));
    if (name !== undefined) {
      await this.find(`new-${kind}-name`).fill(name);
    }
    return this.#agreeAndOpen();
  }

  /** The row of a conversation in the list. */
  row(conversation: string): Locator {
    return this.screen.locator(`[data-testid=inbox-row][data-conversation="${conversation}"]`);
  }

  /** Opens a conversation from the list. */
  async open(conversation: string): Promise<void> {
    await this.row(conversation).click();
    await this.find("timeline").waitFor();
    await this.screen.locator("[data-testid=timeline][aria-busy=false]").waitFor();
  }

  /** The conversations in the list, in its order. */
  conversations(): Promise<string[]> {
    return this.find("inbox-row").evaluateAll((rows) => rows.map((row) => row.dataset["conversation"] ?? ""));
  }

  async #agreeAndOpen(): Promise<string> {
    const before = this.#addressed();
    await this.find("dialog-agree").click();
    await this.screen.locator("dialog").waitFor({ state: "detached" });
    const conversation = await until(
      `${this.account} has the conversation open`,
      () => this.#addressed(),
      (id) => id !== "" && id !== before,
    );
    await this.row(conversation).waitFor({ state: "attached" });
    await this.find("composer").waitFor();
    return conversation;
  }

  #addressed(): string {
    return decodeURIComponent(new URL(this.screen.url()).hash.slice(1));
  }

  // Messages.

  /** Writes and sends a message, and waits until it is shown. */
  async say(text: string): Promise<void> {
    await this.send(text);
    await this.message(text).waitFor();
  }

  /** Writes and sends without waiting for anything. */
  async send(text: string): Promise<void> {
    await this.find("composer").fill(text);
    await this.find("composer").press("Enter");
  }

  /** Waits until what was written is stored on this device, sent or not. */
  async untilStored(): Promise<void> {
    await this.screen.locator("form[aria-busy=false]").getByTestId("composer").waitFor();
  }

  /** The message with exactly this text. */
  message(text: string): Locator {
    return this.find("message").filter({ has: this.screen.getByText(text, { exact: true }) });
  }

  /** Every message shown, in order. */
  messages(): Promise<ShownMessage[]> {
    return this.find("message").evaluateAll((shown) =>
      shown.map((message) => ({
        id: message.dataset["id"] ?? "",
        text: message.querySelector("[data-testid=message-text]")?.textContent ?? "",
        state: message.dataset["state"] ?? "",
        isOwn: message.dataset["own"] === "true",
        isEdited: message.querySelector("[data-testid=message-edited]") !== null,
        reactions: [...message.querySelectorAll<HTMLElement>("[data-testid=reaction]")].map(
          (reaction) => `${reaction.dataset["emoji"]} ${reaction.dataset["count"]}`,
        ),
      })),
    );
  }

  /** Every message shown, without what only this person sees of it. */
  async common(): Promise<CommonMessage[]> {
    const messages = await this.messages();
    return messages.map(({ id, text, isEdited, reactions }) => ({ id, text, isEdited, reactions }));
  }

  /** The words of every message shown, in order. */
  async texts(): Promise<string[]> {
    return (await this.messages()).map(({ text }) => text);
  }

  async untilTexts(wanted: readonly string[]): Promise<void> {
    await untilEqual(`what ${this.account} reads`, () => this.texts(), [...wanted]);
  }

  /** The state of the message with this text. */
  async stateOf(text: string): Promise<string | undefined> {
    return (await this.messages()).find((message) => message.text === text)?.state;
  }

  async untilState(text: string, wanted: string): Promise<void> {
    await untilEqual(`how far “${text}” has come`, () => this.stateOf(text), wanted);
  }

  /** Gives an own message other words. */
  async edit(text: string, words: string): Promise<void> {
    await this.act(text, "action-edit");
    await this.send(words);
    await this.message(words).waitFor();
  }

  /** Takes an own message back. */
  async delete(text: string): Promise<void> {
    await this.act(text, "action-delete");
    await this.message(text).waitFor({ state: "detached" });
  }

  /** Puts an emoji of the choice on a message. */
  async react(text: string, emoji: string): Promise<void> {
    await this.act(text, "action-react");
    await this.screen.locator(`[data-testid=emoji][data-emoji="${emoji}"]`).click();
    await this.message(text).locator(`[data-testid=reaction][data-emoji="${emoji}"]`).waitFor();
  }

  /** Chooses an entry of a message's menu. */
  async act(text: string, action: string): Promise<void> {
    await this.message(text).hover();
    await this.message(text).getByTestId("message-menu").click();
    await this.find(action).click();
  }

  // Threads.

  /** A message of the open thread with exactly this text. */
  inThread(text: string): Locator {
    const messages = this.find("thread-panel").getByTestId("message");
    return messages.filter({ has: this.screen.getByText(text, { exact: true }) });
  }

  /** Writes a message in the open thread, and waits until it is shown. */
  async sayInThread(text: string): Promise<void> {
    const composer = this.find("thread-panel").getByTestId("composer");
    await composer.fill(text);
    await composer.press("Enter");
    await this.inThread(text).waitFor();
  }

  // Members.

  /** Opens the panel of members. */
  async openMembers(): Promise<void> {
    if (!(await this.find("members-panel").isVisible())) {
      await this.find("members-toggle").click();
    }
    await this.find("members-panel").waitFor();
  }

  /** Who is in the open conversation, as `account role`; the panel must be open. */
  async members(): Promise<string[]> {
    const members = await this.find("member").evaluateAll((shown) =>
      shown.map((member) => `${member.dataset["account"]} ${member.dataset["role"]}`),
    );
    return members.sort();
  }

  /** A member in the open panel. */
  member(account: string): Locator {
    return this.screen.locator(`[data-testid=member][data-account="${account}"]`);
  }

  /** Chooses an entry of a member's menu; the panel must be open. */
  async actOn(account: string, action: string): Promise<void> {
    await this.member(account).getByTestId("member-menu").click();
    await this.find(action).click();
  }

  /** Somebody who was invited, asked or is banned, in the open panel. */
  candidate(account: string): Locator {
    return this.screen.locator(`[data-testid=candidate][data-account="${account}"]`);
  }

  /** Agrees to what a dialog asks, and waits until it is gone. */
  async agree(): Promise<void> {
    await this.find("dialog-agree").click();
    await this.screen.locator("dialog").waitFor({ state: "detached" });
  }

  /** Unfolds a part of the open panel, such as `rules` or `roles`. */
  async unfold(part: string): Promise<void> {
    if ((await this.find(part).getAttribute("open")) === null) {
      await this.find(part).locator("summary").click();
    }
  }

  // Refusals.

  /** What was refused, as shown. */
  refusals(): Promise<ShownRefusal[]> {
    return this.find("refused").evaluateAll((cards) =>
      cards.map((card) => ({
        code: card.dataset["code"] ?? "",
        words: card.querySelector("[data-testid=refused-words]")?.textContent ?? "",
      })),
    );
  }

  /** The refused command with these words. */
  refusal(words: string): Locator {
    return this.find("refused").filter({ hasText: words });
  }
}
