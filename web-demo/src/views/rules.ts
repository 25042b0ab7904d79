// The settings of a conversation in its panel: readable by everybody, and changed by those who may.

import type { ConversationDetail, Policies, Policy } from "tidings";

import { element } from "../dom";
import { attempt, type Person } from "../person";
import { may } from "../rights";
import { createSection, type Section } from "../section";

/** A setting: its subject, and its values. */
interface Rule {
  readonly name: keyof Policies;
  readonly label: string;
  readonly choices: readonly (readonly [Policy, string])[];
}

const RULES: readonly Rule[] = [
  {
    name: "send",
    label: "Who can write",
    choices: [
      [{ send: "all_members" }, "All members"],
      [{ send: "moderators" }, "Moderators and admins"],
      [{ send: "admins_only" }, "Admins only"],
    ],
  },
  {
    name: "join",
    label: "Who can join",
    choices: [
      [{ join: "invite_only" }, "Invited people"],
      [{ join: "link_join" }, "Anybody with a link"],
      [{ join: "open" }, "Everybody"],
    ],
  },
  {
    name: "join_approval",
    label: "Joining requires approval",
    choices: [
      [{ join_approval: false }, "No"],
      [{ join_approval: true }, "Yes"],
    ],
  },
  {
    name: "add_members",
    label: "Who can add others",
    choices: [
      [{ add_members: "all_members" }, "All members"],
      [{ add_members: "admins_only" }, "Admins only"],
    ],
  },
  {
    name: "info_edit",
    label: "Who can edit the title",
    choices: [
      [{ info_edit: "all_members" }, "All members"],
      [{ info_edit: "admins_only" }, "Admins only"],
    ],
  },
  {
    name: "reactions",
    label: "Reactions",
    choices: [
      [{ reactions: true }, "Allowed"],
      [{ reactions: false }, "Not allowed"],
    ],
  },
  {
    name: "subrooms",
    label: "Who can open threads",
    choices: [
      [{ subrooms: "all_members" }, "All members"],
      [{ subrooms: "admins_only" }, "Admins only"],
      [{ subrooms: "nobody" }, "Nobody"],
    ],
  },
  {
    name: "subroom_depth_max",
    label: "Threads in threads",
    choices: [
      [{ subroom_depth_max: 1 }, "None"],
      [{ subroom_depth_max: 2 }, "One deep"],
      [{ subroom_depth_max: 8 }, "Eight deep"],
    ],
  },
  {
    name: "late_writes",
    label: "Messages written before learning of a removal",
    choices: [
      [{ late_writes: "refuse" }, "Refused"],
      [{ late_writes: "hold" }, "Held for a decision"],
    ],
  },
  {
    name: "slow_mode_seconds",
    label: "Slow mode",
    choices: [
      [{ slow_mode_seconds: 0 }, "Off"],
      [{ slow_mode_seconds: 5 }, "5 seconds"],
      [{ slow_mode_seconds: 30 }, "30 seconds"],
      [{ slow_mode_seconds: 60 }, "A minute"],
      [{ slow_mode_seconds: 300 }, "5 minutes"],
      [{ slow_mode_seconds: 3600 }, "An hour"],
    ],
  },
];

/** Creates the part with the settings. */
export function createRules(person: Person, conversation: string): Section {
  const list = createSection(
    element("div", { class: "rules", tabindex: "-1" }),
    (detail) => [detail.policies, mayChange(detail)],
    (detail) => RULES.map((rule) => drawRule(detail, rule)),
  );
  const root = element(
    "details",
    { class: "details-section fold", "data-testid": "rules" },
    element("summary", {}, "Rules"),
    list.element,
  );

  function drawRule(detail: ConversationDetail, rule: Rule): HTMLElement {
    const { policies } = detail;
    const chosen = rule.choices.findIndex(([policy]) => says(policies, policy));
    // A value that another app has set.
    const other = chosen === -1 ? String(policies[rule.name]) : undefined;
    if (!mayChange(detail)) {
      return element(
        "p",
        { class: "rule", "data-testid": `rule-${rule.name}` },
        element("span", {}, rule.label),
        element("span", { class: "quiet" }, other ?? rule.choices[chosen]?.[1]),
      );
    }
    const select = element(
      "select",
      { "data-testid": `rule-${rule.name}`, "data-focus": rule.name },
      other !== undefined && element("option", { value: -1, selected: true }, other),
      ...rule.choices.map(([, words], index) => element("option", { value: index, selected: index === chosen }, words)),
    );
    const change = async (): Promise<void> => {
      const [policy] = rule.choices[Number(select.value)] ?? [];
      if (policy !== undefined && !(await attempt(person, person.client.setPolicy(conversation, policy)))) {
        select.value = String(chosen);
      }
    };
    select.addEventListener("change", () => void change());
    return element("label", { class: "rule" }, element("span", {}, rule.label), select);
  }

  return {
    element: root,
    show: (detail) => {
      root.hidden = detail.kind === "direct";
      list.show(detail);
    },
  };
}

function mayChange(detail: ConversationDetail): boolean {
  return may(detail, "conversation:settings");
}

function says(policies: Policies, policy: Policy): boolean {
  const all = new Map<string, unknown>(Object.entries(policies));
  return Object.entries(policy).every(([name, value]) => all.get(name) === value);
}
