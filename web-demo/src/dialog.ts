// A question in a modal dialog: a form with a title, fields and two buttons.
// The browser's own element keeps the focus inside and closes on Escape.

import { button, element, type Child } from "./dom";

/** The contents of a dialog. */
export interface Question {
  readonly title: string;
  readonly fields: readonly Child[];
  /** The label of the confirming button. */
  readonly agree: string;
  readonly danger?: boolean;
  /** Runs on confirmation; a returned sentence is shown and keeps the dialog open. */
  readonly act: () => Promise<string | undefined>;
  /** Runs after the dialog has closed, for example to open the next one. */
  readonly then?: () => void;
}

/** Opens a dialog. */
export function openDialog(question: Question): void {
  const problem = element("p", { class: "field-problem", role: "alert" });
  const agree = element(
    "button",
    {
      type: "submit",
      class: question.danger === true ? "button danger" : "button primary",
      "data-testid": "dialog-agree",
    },
    question.agree,
  );
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "dialog-title" }, question.title),
    ...question.fields,
    problem,
    element(
      "div",
      { class: "dialog-buttons" },
      button({ class: "button", "data-testid": "dialog-cancel" }, () => close(), "Cancel"),
      agree,
    ),
  );
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "dialog-title" }, form);
  const submit = async (): Promise<void> => {
    agree.disabled = true;
    const answer = await question.act();
    agree.disabled = false;
    if (answer === undefined) {
      close();
      question.then?.();
    } else {
      problem.textContent = answer;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  const close = showModal(dialog);
}

/**
 * Shows a modal dialog. Returns a function that closes it: it leaves the page at once, as on Escape, because its
 * `close` event comes a task later, when the next dialog may be open.
 */
export function showModal(dialog: HTMLDialogElement, closed: () => void = () => undefined): () => void {
  const close = (): void => {
    if (dialog.isConnected) {
      dialog.close();
      dialog.remove();
      closed();
    }
  };
  dialog.addEventListener("cancel", (event) => {
    if (event.target === dialog) {
      close();
    }
  });
  // However else it was closed.
  dialog.addEventListener("close", close);
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/** A labelled field. */
export function field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  return element(
    "label",
    { class: "field" },
    element("span", { class: "field-label" }, label),
    control,
    hint !== undefined && element("span", { class: "field-hint" }, hint),
  );
}
