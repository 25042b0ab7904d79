// Former members: since when, and who removed them.

import type { MemberRow } from "tidings";

import { element } from "../dom";
import type { Person } from "../person";
import { createSection, type Section } from "../section";
import { timeInFull } from "../times";
import { memberFace, memberText } from "./member";

/** Creates the part with the former members. */
export function createFormer(person: Person): Section {
  return createSection(
    element("section", { class: "details-section", hidden: true, tabindex: "-1" }),
    (detail) => [detail.former],
    (detail) =>
      detail.former.length === 0
        ? []
        : [
            element("h3", {}, "Former members"),
            element(
              "ul",
              { class: "members-list", role: "list", "aria-label": "Former members" },
              ...detail.former.map((row) => drawFormer(person, row)),
            ),
          ],
  );
}

function drawFormer(person: Person, row: MemberRow): HTMLElement {
  const when = row.statusAt === undefined ? "" : ` ${timeInFull(row.statusAt)}`;
  const by = row.statusBy === undefined ? "" : ` by ${person.nameOf(row.statusBy)}`;
  const how = row.status === "left" ? `Left${when}` : `Removed${when}${by}`;
  return element(
    "li",
    { class: "member", "data-testid": "former-member", "data-account": row.account, "data-status": row.status },
    memberFace(row, false),
    memberText(row, false),
    element("span", { class: "quiet" }, how),
  );
}
