// The dialog by which the owner of a resource, or their staff, proposes a visit.

import type { ConversationDetail, Slot } from "tidings";

import { field, openDialog } from "../dialog";
import { element } from "../dom";
import { chosenExpiry, expirySelect } from "../expiry";
import { outcome, type Person } from "../person";
import { meetingWords, type Proposal } from "../proposal";
import { fieldsIn, isZone, knownZones, ownZone, timeOf, zoneName, type Span } from "../zone";
import { createSpanFields, ENDS_BEFORE } from "./span";

const DAY_MS = 86_400_000;
const HALF_HOUR_MS = 1_800_000;
const LOCATION_CHARACTERS_MAX = 500;
const NOTE_CHARACTERS_MAX = 4000;

/** How people meet at a visit. */
const MEETINGS = ["on_site", "video_call"] as const;

/** A time that the client has suggested, and the proposal that it did not suit, if it is at hand. */
export interface Wish {
  readonly slot: Slot;
  readonly former: Proposal | undefined;
}

/** Asks for a visit to propose, filled in with what the client wishes. */
export function openVisit(person: Person, detail: ConversationDetail, wish?: Wish): void {
  const { conversation } = detail;
  const { slot, former } = wish ?? {};
  const suggestedZone = slot?.timezone ?? "";
  const zone = zoneSelect(isZone(suggestedZone) ? suggestedZone : ownZone());
  const span = createSpanFields("visit", zone.value, spanFrom(slot, zone.value));
  zone.addEventListener("change", () => span.useZone(zone.value));
  const meeting = element(
    "select",
    { "data-testid": "visit-meeting" },
    ...MEETINGS.map((kind) =>
      element("option", { value: kind, selected: kind === former?.meetingType }, meetingWords(kind)),
    ),
  );
  const place = element("input", {
    type: "text",
    value: former?.location ?? "",
    maxlength: LOCATION_CHARACTERS_MAX,
    autocomplete: "off",
    "data-testid": "visit-location",
  });
  const isOwnAddress = element("input", {
    type: "checkbox",
    checked: former?.fromResourceAddress === true,
    "data-testid": "visit-own-address",
  });
  const ownAddress = element("label", { class: "choice" }, isOwnAddress, "This is the resource's own address");
  const note = element("textarea", { rows: 2, maxlength: NOTE_CHARACTERS_MAX, "data-testid": "visit-note" });
  const expiry = expirySelect("visit-expiry", DAY_MS);
  const followMeeting = (): void => {
    ownAddress.hidden = meeting.value !== "on_site";
  };
  meeting.addEventListener("change", followMeeting);
  followMeeting();
  openDialog({
    title: "Propose a visit",
    fields: [
      span.element,
      field("Time zone", zone),
      element("div", { class: "field-pair" }, field("How", meeting), field("Can be answered", expiry)),
      element("div", { class: "slots" }, field("Where", place, "An address, or the link of the call."), ownAddress),
      field("Note", note),
    ],
    agree: "Propose",
    act: async () => {
      const when = span.read();
      if (when === undefined || when.start >= when.end) {
        return ENDS_BEFORE;
      }
      const { until } = chosenExpiry(expiry);
      const [location, text] = [place.value.trim(), note.value.trim()];
      const meetingType = MEETINGS.find((kind) => kind === meeting.value) ?? "on_site";
      return outcome(
        person.client.sendMessage(conversation, {
          kind: "proposal",
          proposalType: "visit",
          timeStart: when.start,
          timeEnd: when.end,
          timezone: zone.value,
          meetingType,
          fromResourceAddress: isOwnAddress.checked && meetingType === "on_site" && location !== "",
          ...(location !== "" && { location }),
          ...(text !== "" && { text }),
          ...(until !== undefined && { expiresAt: until.getTime() }),
        }),
      );
    },
  });
}

function zoneSelect(chosen: string): HTMLSelectElement {
  const zones = [...new Set([chosen, ...knownZones()])];
  return element(
    "select",
    { "data-testid": "visit-zone" },
    ...zones.map((zone) => element("option", { value: zone, selected: zone === chosen }, `${zoneName(zone)} (${zone})`)),
  );
}

/** The suggested time, or half an hour of tomorrow afternoon. */
function spanFrom(slot: Slot | undefined, zone: string): Span {
  if (slot !== undefined) {
    return { start: slot.startDateTime, end: slot.endDateTime };
  }
  const tomorrow = Date.now() + DAY_MS;
  const start = timeOf({ date: fieldsIn(tomorrow, zone).date, time: "16:00" }, zone) ?? tomorrow;
  return { start, end: start + HALF_HOUR_MS };
}
