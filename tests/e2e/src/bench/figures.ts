/** Figures of several rounds, and what is measured on every kind of device. */
import type { Opening, Start } from "./acts.js";

/** One figure of several rounds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Figures by their name, or in groups. */
export interface Figures {
  readonly [name: string]: Figure | Figures;
}

/** The middle and the ends of what the rounds gave. */
export function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

/** The parts of a start, each by what it took beyond the one before, and the whole; ms. */
export function startParts(start: Start, begun = 0): Record<string, number> {
  const { imported, loaded, opened, read, rows, painted, all } = start;
  const marks = { scripts: imported, module: loaded, database: opened, read, rows, paint: painted };
  const parts: Record<string, number> = {};
  let before = begun;
  for (const [name, at] of Object.entries(marks)) {
    if (at !== undefined) {
      parts[`${name}_ms`] = Math.max(0, at - before);
      before = Math.max(before, at);
    }
  }
  parts["whole_ms"] = before - begun;
  parts["all_ms"] = all - begun;
  return parts;
}

/** How long conversations took to open; ms. */
export function openingParts(cold: readonly Opening[], warm: readonly Opening[]): Record<string, number> {
  const median = (values: readonly number[]): number => figure(values).median;
  return {
    first_rows_ms: cold[0]?.rows ?? Number.NaN,
    first_whole_ms: cold[0]?.whole ?? Number.NaN,
    cold_rows_ms: median(cold.slice(1).map(({ rows }) => rows)),
    cold_whole_ms: median(cold.slice(1).map(({ whole }) => whole)),
    warm_rows_ms: median(warm.map(({ rows }) => rows)),
  };
}

/** Rounds, each with the same groups of numbers, as figures. */
export function figuresOf(rounds: readonly Record<string, Record<string, number>>[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, caseFigures(rounds.map((round) => round[name] ?? {}))]));
}

/** Rounds, each with the same numbers, as figures. */
export function caseFigures(rounds: readonly Record<string, number>[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, figure(rounds.map((round) => round[name] ?? Number.NaN))]));
}
