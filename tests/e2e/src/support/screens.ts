/** What several people see, side by side. */
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
