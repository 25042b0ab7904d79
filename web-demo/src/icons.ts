// The icons, as paths on a 24 × 24 grid, drawn in the colour of the text.

const PATHS = {
  archive: ["M4 8h16v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V8Z", "M3 4h18v4H3z", "M10 12h4"],
  back: ["M15 5l-7 7 7 7"],
  bell_off: ["M6 16V11a6 6 0 0 1 9-5.2M18 10v6H8", "M10 20h4", "M4 4l16 16"],
  block: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M5.8 5.8l12.4 12.4"],
  calendar: ["M4 6h16v14H4z", "M4 10.5h16", "M8 3.5V8M16 3.5V8"],
  channel: ["M4 10v4h3l9 4.5v-13L7 10H4Z", "M8 14.5l1 5h2.5l-1-4", "M19 9.5c1.2 1.4 1.2 3.6 0 5"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M12 7.5V12l3 2"],
  close: ["M6 6l12 12M18 6L6 18"],
  compass: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M15.5 8.5l-2 5-5 2 2-5 5-2Z"],
  down: ["M6 10l6 6 6-6"],
  edit: ["M4 20h4L19 9l-4-4L4 16v4Z", "M13 7l4 4"],
  contacts: [
    "M5 4h13a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5V4Z",
    "M12 12a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
    "M8 17c.4-2 2-3 4-3s3.6 1 4 3",
    "M3 8h3M3 12h3M3 16h3",
  ],
  double_check: ["M2.5 12.5l4 4L14 9", "M11 16l.8.8L21.5 7.5"],
  group: [
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
    "M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6",
    "M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2.1.8 3.5 2.7 3.5 5.5",
  ],
  link: ["M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3L11.8 6.5", "M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1.2-1.2"],
  leave: ["M14 4H5v16h9", "M10 12h11M17 8l4 4-4 4"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  more: ["M5.5 12h.01M12 12h.01M18.5 12h.01"],
  person_add: [
    "M10 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
    "M3 20c0-3.6 3.1-6 7-6 1.6 0 3 .4 4.2 1.1",
    "M18 14v6M15 17h6",
  ],
  key: ["M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M12 12h9M18 12v4M21 12v3"],
  open: ["M4 8h16v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V8Z", "M3 4h18v4H3z", "M12 17v-5M9.5 14l2.5-2.5L14.5 14"],
  owner: ["M4 8l4 4 4-7 4 7 4-4-1.5 10h-13L4 8Z"],
  pin: ["M9 4h6l-1 6 3 3H7l3-3-1-6Z", "M12 13v7"],
  plus: ["M12 5v14M5 12h14"],
  reply: ["M10 6L4 12l6 6", "M4.5 12H14c3.5 0 6 2 6 6"],
  search: ["M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M16.5 16.5L21 21"],
  send: ["M5 12L4 4.5 21 12 4 19.5 5 12Z", "M5 12h7"],
  shield: ["M12 3.5l7 2.5v5.5c0 4.3-2.9 7.4-7 9-4.1-1.6-7-4.7-7-9V6l7-2.5Z"],
  smile: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M8.5 14c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2", "M9 9.5h.01M15 9.5h.01"],
  star: ["M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9-4.3-4.1 5.9-.8L12 3.5Z"],
  trash: ["M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13", "M10.5 11v5M13.5 11v5"],
  video: ["M3 7h12v10H3z", "M15 10.5l6-3v9l-6-3"],
  warning: ["M12 4L2.8 20h18.4L12 4Z", "M12 10v4.5M12 17.3h.01"],
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/**
 * Draws an icon. With a label it is an image of its own; without, it is
 * decoration beside words.
 */
export function icon(name: IconName, label?: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name.replace("_", "-")}`);
  if (label === undefined) {
    svg.setAttribute("aria-hidden", "true");
  } else {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  }
  for (const path of PATHS[name]) {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    svg.append(line);
  }
  return svg;
}
