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

/** The disc of an account or conversation; decoration beside its name. */
export function avatar(id: string, name: string, size: "small" | "medium" | "large" = "medium"): HTMLElement {
  const disc = element("span", { class: `avatar avatar-${size}`, "aria-hidden": "true" }, initials(name));
  disc.style.backgroundColor = COLOURS[hash(id) % COLOURS.length] ?? "";
  return disc;
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
