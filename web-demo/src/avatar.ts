// A person or a group as a coloured disc with initials.

import { element } from "./dom";

// Dark enough for white letters on each.
const COLOURS = [
  "#a63d40",
  "#8a4f12",
  "#5c6b1e",
  "#1f7048",
  "#0f6b70",
  "#2b6390",
  "#4a55a8",
  "#7a4699",
  "#96396f",
  "#6a5a4f",
];

/** The disc of an account or conversation, in its own color if it has one; decorative beside its name. */
export function avatar(
  id: string,
  name: string,
  size: "small" | "medium" | "large" = "medium",
  color?: string,
): HTMLElement {
  const disc = element("span", { class: `avatar avatar-${size}`, "aria-hidden": "true" }, initials(name));
  disc.style.backgroundColor = color ?? COLOURS[hash(id) % COLOURS.length] ?? "";
  if (color !== undefined && isBright(color)) {
    disc.style.color = "#1c2126";
  }
  return disc;
}

/** Returns true if dark letters are more readable on it. */
function isBright(color: string): boolean {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}

function initials(name: string): string {
  const words = name.split(/[\s,._:-]+/).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words[1]] : [words[0]];
  return letters.map((word) => [...(word ?? "?")][0]?.toUpperCase() ?? "").join("");
}

function hash(id: string): number {
  let value = 0;
  for (const character of id) {
    value = (value * 37 + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return value;
}
