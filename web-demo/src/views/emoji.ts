// A small choice of emoji for reactions.

import { button, element } from "../dom";
import { openPanel } from "../popover";

const EMOJI: readonly (readonly [string, string])[] = [
  ["👍", "thumbs up"],
  ["❤️", "heart"],
  ["😂", "tears of joy"],
  ["🎉", "party"],
  ["😮", "surprised"],
  ["😢", "sad"],
  ["🙏", "thanks"],
  ["👏", "applause"],
  ["🔥", "fire"],
  ["👀", "eyes"],
  ["✅", "done"],
  ["❌", "no"],
  ["😄", "smile"],
  ["🤔", "thinking"],
  ["😅", "phew"],
  ["😍", "love"],
  ["🙌", "hooray"],
  ["💯", "hundred"],
  ["👋", "wave"],
  ["☕", "coffee"],
  ["🚀", "rocket"],
  ["🌱", "seedling"],
  ["👎", "thumbs down"],
  ["❓", "question"],
];
const COLUMNS = 6;

/** Opens the choice beside a control. */
export function openEmoji(anchor: HTMLElement, choose: (emoji: string) => void): void {
  const grid = element("div", { class: "emoji-grid" });
  const close = openPanel(anchor, "Choose a reaction", COLUMNS, grid);
  for (const [emoji, name] of EMOJI) {
    grid.append(
      button(
        { class: "emoji", "aria-label": name, "data-testid": "emoji", "data-emoji": emoji },
        () => {
          close();
          choose(emoji);
        },
        emoji,
      ),
    );
  }
  grid.querySelector("button")?.focus();
}
