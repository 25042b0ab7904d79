// A popover beside a control: a menu of actions, or any panel. One at a time; Escape, a click
// elsewhere or a choice closes it and returns the focus.

import { element, type Child } from "./dom";
import { icon, type IconName } from "./icons";

/** An entry of a menu. */
export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly testid?: string;
  readonly danger?: boolean;
  readonly choose: () => void;
}

/** Distance to the edges of the window. */
const MARGIN_PX = 8;

let closeOpen: (() => void) | undefined;

/** Opens a menu beside a control. */
export function openMenu(anchor: HTMLElement, label: string, items: readonly MenuItem[]): void {
  const menu = element("div", { role: "menu", "aria-label": label, class: "popover menu" });
  const close = openPopover(anchor, menu);
  for (const item of items) {
    const entry = element(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        class: item.danger === true ? "menu-item danger" : "menu-item",
        "data-testid": item.testid,
      },
      icon(item.icon),
      item.label,
    );
    entry.addEventListener("click", () => {
      close();
      item.choose();
    });
    menu.append(entry);
  }
  moveByArrows(menu, "[role=menuitem]", 1);
  menu.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  place(menu, anchor);
}

/** Opens a panel beside a control; returns a function that closes it. */
export function openPanel(
  anchor: HTMLElement,
  label: string,
  columns: number,
  ...children: readonly Child[]
): () => void {
  const panel = element("div", { role: "dialog", "aria-label": label, class: "popover panel" });
  panel.append(...children.filter((child): child is Node => child instanceof Node));
  const close = openPopover(anchor, panel);
  moveByArrows(panel, "button", columns);
  panel.querySelector<HTMLElement>("button")?.focus();
  place(panel, anchor);
  return close;
}

function openPopover(anchor: HTMLElement, content: HTMLElement): () => void {
  closeOpen?.();
  const away = (event: Event): void => {
    if (event.target instanceof Node && !content.contains(event.target)) {
      close();
    }
  };
  const close = (): void => {
    if (closeOpen !== close) {
      return;
    }
    closeOpen = undefined;
    const hadFocus = content.contains(document.activeElement);
    content.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", away, true);
    window.removeEventListener("blur", close);
    window.removeEventListener("resize", close);
    if (hadFocus && anchor.isConnected) {
      anchor.focus({ preventScroll: true });
    }
  };
  closeOpen = close;
  anchor.setAttribute("aria-expanded", "true");
  content.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  document.addEventListener("pointerdown", away, true);
  window.addEventListener("blur", close);
  window.addEventListener("resize", close);
  // Elements outside of a modal dialog cannot be reached.
  (anchor.closest("dialog") ?? document.body).append(content);
  return close;
}

/** Arrow keys, Home and End move the focus among the controls of a grid. */
function moveByArrows(parent: HTMLElement, selector: string, columns: number): void {
  parent.addEventListener("keydown", (event) => {
    const controls = [...parent.querySelectorAll<HTMLElement>(selector)];
    const at = controls.findIndex((control) => control === document.activeElement);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: columns,
      ArrowUp: -columns,
      ArrowRight: 1,
      ArrowLeft: -1,
      Home: -at,
      End: controls.length - 1 - at,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      controls[(at + step + controls.length) % controls.length]?.focus();
    }
  });
}

/** Below the control if there is room, otherwise above; never outside the window. */
function place(content: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = content.getBoundingClientRect();
  const below = at.bottom + 4 + height + MARGIN_PX <= window.innerHeight;
  const top = inside(below ? at.bottom + 4 : at.top - height - 4, window.innerHeight - height);
  const left = inside(at.right - width, window.innerWidth - width);
  content.style.top = `${top}px`;
  content.style.left = `${left}px`;
}

function inside(wanted: number, room: number): number {
  return Math.max(MARGIN_PX, Math.min(wanted, room - MARGIN_PX));
}
