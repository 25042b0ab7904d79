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
  const choices = EMOJI.map(([emoji, name]) =>
    button(
      { class: "emoji", "aria-label": name, "data-testid": "emoji", "data-emoji": emoji },
      () => {
        close();
        choose(emoji);
      },
      emoji,
    ),
  );
  // Complete before it opens, because its place depends on its size.
  const grid = element("div", { class: "emoji-grid" }, ...choices);
  const close = openPanel(anchor, "Choose a reaction", COLUMNS, grid);
}
