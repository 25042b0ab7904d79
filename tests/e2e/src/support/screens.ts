/** What people see, side by side, and what assistive technology finds there. */
import assert from "node:assert/strict";

import type { Frame, Page } from "playwright-core";

import type { CommonMessage, Person } from "./person.js";
import { until } from "./until.js";

/** Waits until everybody sees the same messages, with the same edits and reactions, in the same order; answers them. */
export async function untilEqualScreens(...people: readonly Person[]): Promise<CommonMessage[]> {
  const [first = []] = await until(
    "everybody sees the same",
    () => Promise.all(people.map((person) => person.common())),
    ([one, ...others]) => others.every((other) => JSON.stringify(other) === JSON.stringify(one)),
  );
  return first;
}

/** Scrolls up, as with a wheel, until the beginning of the open conversation is shown. */
export async function loadAll(person: Person): Promise<void> {
  await person.find("message").last().hover();
  await until(
    `${person.account} sees where it begins`,
    async () => {
      await person.page.mouse.wheel(0, -2000);
      return person.find("timeline").innerText();
    },
    (words) => words.startsWith("This is where it begins."),
  );
}

/** The screen in a frame of a page. */
export async function frameOf(page: Page, testId: string): Promise<Frame> {
  const element = await page.getByTestId(testId).elementHandle();
  const frame = await element?.contentFrame();
  assert.ok(frame, `${testId} has a screen`);
  return frame;
}

/** The controls without an accessible name, by role, as assistive technology finds them. */
export async function nameless(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const controls = "button link textbox searchbox combobox switch menuitem tab checkbox radio spinbutton".split(" ");
  const without = nodes.filter((node) => !node.ignored && controls.includes(node.role?.value) && !node.name?.value);
  const described = without.map(async (node) => {
    const { outerHTML } = await session.send("DOM.getOuterHTML", { backendNodeId: node.backendDOMNodeId ?? 0 });
    return outerHTML.slice(0, 200);
  });
  return Promise.all(described);
}
