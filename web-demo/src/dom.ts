// Plain TypeScript helpers for elements: creating them, and keeping a keyed list of them in step with
// rows. Text is always inserted as text, never as markup.

/** Content of an element; nothing for `undefined`, `null` and `false`. */
export type Child = Node | string | undefined | null | false;

/** Attributes by name; `true` for one without a value, `false` and `undefined` to omit it. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Creates an element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  // Typed text takes the direction of its own letters.
  if (made instanceof HTMLInputElement || made instanceof HTMLTextAreaElement) {
    made.dir = "auto";
  }
  setAttributes(made, attributes);
  made.append(...present(children));
  return made;
}

/** Creates a button with a handler; it never submits. */
export function button(
  attributes: Attributes,
  act: (event: MouseEvent) => void,
  ...children: readonly Child[]
): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, ...children);
  made.addEventListener("click", act);
  return made;
}

/** Sets or removes attributes. */
export function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) {
      target.removeAttribute(name);
    } else {
      target.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * Replaces the content of an element. The focus stays with the control with the same `data-focus`,
 * or moves to the element itself.
 */
export function replaceContent(target: HTMLElement, children: readonly Child[]): void {
  const focused = document.activeElement;
  const inside = focused instanceof HTMLElement && focused !== target && target.contains(focused) ? focused : undefined;
  target.replaceChildren(...present(children));
  if (inside === undefined) {
    return;
  }
  const name = inside.dataset["focus"];
  const same = name === undefined ? null : target.querySelector<HTMLElement>(`[data-focus="${CSS.escape(name)}"]`);
  (same ?? target).focus({ preventScroll: true });
}

/** How a keyed list draws one item. */
export interface Drawing<T> {
  /** Identifies the item across updates. */
  key(item: T): string;
  /** Creates its element. */
  create(item: T): HTMLElement;
  /** Updates its element. */
  update(target: HTMLElement, item: T): void;
}

/** The elements of a list, one for each item, reused by key. */
export class KeyedList<T> {
  readonly #parent: HTMLElement;
  readonly #drawing: Drawing<T>;
  #elements = new Map<string, HTMLElement>();

  constructor(parent: HTMLElement, drawing: Drawing<T>) {
    this.#parent = parent;
    this.#drawing = drawing;
  }

  /** The element of a key, if it is shown. */
  get(key: string): HTMLElement | undefined {
    return this.#elements.get(key);
  }

  /** The elements by key, in display order. */
  entries(): IterableIterator<[string, HTMLElement]> {
    return this.#elements.entries();
  }

  /** Shows these items in this order; existing ones are redrawn only if they changed. */
  show(items: readonly T[], changed: (item: T) => boolean): void {
    const next = new Map<string, HTMLElement>();
    for (const item of items) {
      const key = this.#drawing.key(item);
      const known = this.#elements.get(key);
      if (known === undefined) {
        next.set(key, this.#drawing.create(item));
      } else {
        if (changed(item)) {
          this.#drawing.update(known, item);
        }
        next.set(key, known);
      }
    }
    for (const [key, gone] of this.#elements) {
      if (!next.has(key)) {
        gone.remove();
      }
    }
    // An element in the right place is not moved, because moving loses the focus.
    let place: ChildNode | null = this.#parent.firstChild;
    for (const wanted of next.values()) {
      if (wanted === place) {
        place = place.nextSibling;
      } else {
        this.#parent.insertBefore(wanted, place);
      }
    }
    this.#elements = next;
  }
}

function present(children: readonly Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => child !== undefined && child !== false);
}
