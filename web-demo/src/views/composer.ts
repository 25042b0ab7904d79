// The composer: for a new message, a reply, or an edit of an own message.

import { textOf, type ConversationDetail, type Sendable, type TimelineRow } from "tidings";

import { hereNow, lineOf, rollDie } from "../content";
import { button, element } from "../dom";
import { icon } from "../icons";
import { reasonOf, type Person } from "../person";
import { openMenu, type MenuItem } from "../popover";
import { composerReason, reopeningWords, slowModeWords } from "../texts";
import type { Negotiation } from "./negotiation";

const CHARACTERS_MAX = 4000;
/** Number of characters from which the count is shown. */
const CHARACTERS_NEAR = 3600;
/** Interval at which a typing notice is repeated while somebody writes. */
const TYPING_AGAIN_MS = 3000;
/** Time without a key after which somebody has stopped writing. */
const TYPING_STOP_MS = 5000;

type Mode =
  | { readonly type: "new" }
  | { readonly type: "reply"; readonly row: TimelineRow }
  | { readonly type: "edit"; readonly row: TimelineRow };

/** Unsent texts by conversation or thread, kept while the screen lives. */
export type Drafts = Map<string, string>;

/** The composer's view of the conversation. */
export interface ComposerFrame {
  readonly conversation: string;
  /** The thread to write in. */
  readonly thread?: string;
  /** Runs before a message is sent. */
  before?(): Promise<void>;
  readonly drafts: Drafts;
  typing(on: boolean): void;
  lastOwn(): TimelineRow | undefined;
  readonly negotiation: Negotiation;
}

/** The composer of one conversation. */
export interface ComposerView {
  readonly element: HTMLElement;
  show(detail: ConversationDetail): void;
  reply(row: TimelineRow): void;
  edit(row: TimelineRow): void;
  focus(): void;
  close(): void;
}

/** Makes the composer. */
export function createComposer(person: Person, frame: ComposerFrame): ComposerView {
  const { client } = person;
  const { conversation, thread } = frame;
  const timeline = thread ?? conversation;
  let mode: Mode = { type: "new" };
  let detail: ConversationDetail | undefined;
  /** How much is on its way to this device's store. */
  let storing = 0;
  let typingSince: number | undefined;
  let typingStop: ReturnType<typeof setTimeout> | undefined;

  const text = element("textarea", {
    class: "composer-text",
    rows: 1,
    placeholder: "Write a message",
    "aria-label": "Message",
    "data-testid": "composer",
    enterkeyhint: "send",
  });
  const count = element("span", { class: "composer-count", role: "status", "data-testid": "composer-count" });
  const send = element(
    "button",
    { type: "submit", class: "send", "aria-label": "Send", title: "Send", "data-testid": "send" },
    icon("send"),
  );
  const attach = button(
    {
      class: "icon-button attach",
      "aria-label": "Send something else",
      title: "Send something else",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-testid": "attach",
    },
    () =>
      openMenu(attach, "Send", [
        ...(frame.negotiation.mayPropose() ? [proposeItem] : []),
        { label: "Location", icon: "compass", testid: "attach-location", choose: () => void sendOther(hereNow) },
        { label: "Roll of a die", icon: "star", testid: "attach-die", choose: () => void sendOther(rollDie) },
      ]),
    icon("plus"),
  );
  const proposeItem: MenuItem = {
    label: "Propose a visit",
    icon: "calendar",
    testid: "attach-visit",
    choose: () => frame.negotiation.propose(),
  };
  const context = element("div", { class: "composer-context", hidden: true });
  const problem = element("p", { class: "composer-problem", role: "alert", "data-testid": "composer-problem" });
  const reason = element("p", { class: "composer-reason", "data-testid": "composer-reason", hidden: true });
  const form = element(
    "form",
    { class: "composer-form", "aria-busy": "false" },
    attach,
    element("div", { class: "composer-field" }, text, count),
    send,
  );
  const slow = element("p", { class: "composer-slow quiet", "data-testid": "composer-slow", hidden: true });
  const root = element("footer", { class: "composer", "aria-label": "Write" }, context, problem, form, slow, reason);

  function setMode(next: Mode, words?: string): void {
    if (mode.type !== "edit" && next.type === "edit") {
      frame.drafts.set(timeline, text.value);
    }
    mode = next;
    drawContext();
    if (words !== undefined) {
      setText(words);
    }
  }

  function setText(words: string): void {
    text.value = words;
    measure();
  }

  function drawContext(): void {
    const current = mode;
    context.hidden = current.type === "new";
    if (current.type === "new") {
      context.replaceChildren();
      return;
    }
    const what =
      current.type === "edit" ? "Edit message" : `Reply to ${current.row.own ? "yourself" : current.row.authorName}`;
    context.replaceChildren(
      icon(current.type === "edit" ? "edit" : "reply"),
      element(
        "div",
        { class: "composer-context-words" },
        element("strong", {}, what),
        element("span", { class: "quiet", dir: "auto" }, current.row.content && lineOf(current.row.content)),
      ),
      button(
        {
          class: "icon-button",
          "aria-label": current.type === "edit" ? "Stop editing" : "Do not reply",
          "data-testid": "composer-cancel",
        },
        cancel,
        icon("close"),
      ),
    );
  }

  function cancel(): void {
    const words = mode.type === "edit" ? (frame.drafts.get(timeline) ?? "") : undefined;
    setMode({ type: "new" }, words);
    text.focus();
  }

  /** Adjusts the height to the text, and counts its characters. */
  function measure(): void {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    const characters = [...text.value].length;
    count.textContent = characters < CHARACTERS_NEAR ? "" : `${characters} / ${CHARACTERS_MAX}`;
    count.classList.toggle("too-many", characters > CHARACTERS_MAX);
    send.disabled = text.value.trim() === "" || characters > CHARACTERS_MAX;
  }

  function tellTyping(on: boolean): void {
    clearTimeout(typingStop);
    const now = Date.now();
    if (!on) {
      if (typingSince !== undefined) {
        typingSince = undefined;
        frame.typing(false);
      }
      return;
    }
    typingStop = setTimeout(() => tellTyping(false), TYPING_STOP_MS);
    if (typingSince === undefined || now - typingSince > TYPING_AGAIN_MS) {
      typingSince = now;
      frame.typing(true);
    }
  }

  /** The text leaves the composer at once, and returns if the command fails. */
  async function submit(): Promise<void> {
    const words = text.value.trim();
    const current = mode;
    if (send.disabled) {
      return;
    }
    tellTyping(false);
    problem.textContent = "";
    const draft = current.type === "edit" ? (frame.drafts.get(timeline) ?? "") : "";
    frame.drafts.delete(timeline);
    setMode({ type: "new" }, draft);
    try {
      await whileStoring(carryOut(current, words));
    } catch (error) {
      problem.textContent = reasonOf(error);
      setMode(current, text.value === draft ? words : `${words}\n${text.value}`);
    }
  }

  async function carryOut(current: Mode, words: string): Promise<void> {
    if (current.type === "edit") {
      if (words !== textOf(current.row.content)) {
        await client.editMessage(conversation, current.row.id, words);
      }
      return;
    }
    await sendContent(words, current, mentionsIn(words, detail));
  }

  /** Says that the composer is busy until what it was given is stored on this device. */
  async function whileStoring(stored: Promise<void>): Promise<void> {
    storing += 1;
    form.setAttribute("aria-busy", "true");
    try {
      await stored;
    } finally {
      storing -= 1;
      form.setAttribute("aria-busy", String(storing > 0));
    }
  }

  async function sendContent(content: Sendable, current: Mode, mentions: readonly string[] = []): Promise<void> {
    await frame.before?.();
    await client.sendMessage(conversation, content, {
      ...(thread !== undefined && { thread }),
      ...(current.type === "reply" && { replyTo: current.row.id }),
      ...(mentions.length > 0 && { mentions: [...mentions] }),
    });
  }

  /** Sends content other than text; the text stays where it is. */
  async function sendOther(make: () => Sendable | Promise<Sendable>): Promise<void> {
    const current = mode;
    problem.textContent = "";
    try {
      const content = await make();
      await whileStoring(sendContent(content, current));
      if (mode === current && current.type === "reply") {
        setMode({ type: "new" });
      }
    } catch (error) {
      problem.textContent = error instanceof GeolocationPositionError ? "This device's location is not available" : reasonOf(error);
    }
  }

  text.addEventListener("input", () => {
    measure();
    if (mode.type !== "edit") {
      frame.drafts.set(timeline, text.value);
      tellTyping(text.value.trim() !== "");
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void submit();
    } else if (event.key === "ArrowUp" && text.value === "" && mode.type === "new") {
      const row = frame.lastOwn();
      if (row !== undefined && detail?.permissions.includes("message:edit") === true) {
        event.preventDefault();
        setMode({ type: "edit", row }, textOf(row.content));
      }
    } else if (event.key === "Escape" && mode.type !== "new") {
      event.stopPropagation();
      cancel();
    }
  });
  text.addEventListener("blur", () => tellTyping(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  text.value = frame.drafts.get(timeline) ?? "";
  requestAnimationFrame(measure);
  return {
    element: root,
    show: (next) => {
      detail = next;
      const why = composerReason(next, client.account);
      reason.hidden = why === undefined;
      reason.textContent = why ?? "";
      form.hidden = why !== undefined;
      text.disabled = why !== undefined;
      const pace = why === undefined ? (reopeningWords(next) ?? slowModeWords(next)) : undefined;
      slow.hidden = pace === undefined;
      slow.textContent = pace ?? "";
    },
    reply: (row) => {
      setMode({ type: "reply", row });
      text.focus();
    },
    edit: (row) => {
      setMode({ type: "edit", row }, textOf(row.content));
      text.focus();
    },
    focus: () => text.focus(),
    close: () => tellTyping(false),
  };
}

/** The members that a text mentions, by account or name after an @. */
function mentionsIn(words: string, detail: ConversationDetail | undefined): string[] {
  const called = new Set(
    [...words.matchAll(/(?:^|\s)@([\p{L}\p{N}_.:-]+)/gu)].map((match) =>
      (match[1] ?? "").replace(/[.:]+$/, "").toLowerCase(),
    ),
  );
  const members = detail?.members ?? [];
  return members
    .filter((member) => called.has(member.account.toLowerCase()) || called.has(member.name.toLowerCase()))
    .map((member) => member.account);
}
