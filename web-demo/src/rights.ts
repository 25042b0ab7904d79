// The own account's rights in a conversation: the package's roles, permissions, policies and state,
// combined for the screen. The authority still decides; this only says what to offer.

import type { ConversationDetail, Permission, Role, RoleRow } from "tidings";

/** The lowest role that may write under the policy; undefined for everybody, or where only the server knows. */
const WRITES_FROM = { all_members: undefined, moderators: "moderator", admins_only: "admin", unknown: undefined } as const;

/** Returns true if the own account may do this now. */
export function may(detail: ConversationDetail, permission: Permission): boolean {
  const isAllowed =
    (permission !== "message:react" || detail.policies.reactions) &&
    (permission !== "thread:create" || mayOpenThreads(detail));
  return isAllowed && (detail.state === "active" || reopens(detail, permission)) && mayInAnyState(detail, permission);
}

/** Permissions of the client that an archived or closed conversation about a resource leaves them. */
const REOPENING: readonly Permission[] = ["message:send", "message:send_media", "proposal:respond"];

/** Returns true if the own account reopens the conversation by doing this. */
export function reopens(detail: ConversationDetail, permission: Permission = "message:send"): boolean {
  const isOver = detail.state === "archived" || detail.state === "closed";
  return isOver && detail.party === "client" && REOPENING.includes(permission);
}

/** Returns true if the own account may respond to proposals now: it is the client. */
export function mayRespond(detail: ConversationDetail): boolean {
  return detail.party === "client" && may(detail, "proposal:respond");
}

/** Returns true if the own account may move the stage of the lead and finalize it: it is on the owner's side. */
export function mayCloseLead(detail: ConversationDetail): boolean {
  const isOthers = detail.kind === "resource" && detail.party !== "client";
  return isOthers && detail.state !== "deleted" && mayInAnyState(detail, "conversation:close");
}

/** Returns true if the own account may make proposals now: it is on the owner's side. */
export function mayPropose(detail: ConversationDetail): boolean {
  return detail.kind === "resource" && detail.party !== "client" && may(detail, "proposal:send");
}

/** Returns true if the policy lets the own account open threads at this depth. */
function mayOpenThreads(detail: ConversationDetail): boolean {
  const { subrooms, subroom_depth_max: depthMax } = detail.policies;
  const isLet = subrooms === "all_members" || (subrooms === "admins_only" && ownRank(detail) >= 75);
  return isLet && (detail.parent?.depth ?? 0) < depthMax;
}

/** Returns true if the own account may do this even in an archived or closed conversation. */
export function mayInAnyState(detail: ConversationDetail, permission: Permission): boolean {
  return detail.permissions.includes(permission) && !isLockedOut(detail);
}

/** Returns true if the own account may write messages now. */
export function mayWrite(detail: ConversationDetail): boolean {
  const from = WRITES_FROM[detail.policies.send];
  return may(detail, "message:send") && (from === undefined || ownRank(detail) >= rankOf(detail, from));
}

/** Returns true if a lock keeps the own account from writing. */
export function isLockedOut(detail: ConversationDetail): boolean {
  return detail.locked && ownRank(detail) < rankOf(detail, "moderator");
}

/** The own rank. A tenant administrator, who may not be a member, ranks above all members. */
export function ownRank(detail: ConversationDetail): number {
  return detail.role === undefined ? Number.POSITIVE_INFINITY : rankOf(detail, detail.role);
}

/** The rank of a role; 0 if it is not defined any more. */
export function rankOf(detail: ConversationDetail, role: Role): number {
  return detail.roles.find((row) => row.name === role)?.rank ?? 0;
}

/** Returns true if the own account may give this permission: one that it has, or that every member has. */
export function mayGive(detail: ConversationDetail, permission: Permission): boolean {
  const everyones = detail.roles.find((row) => row.name === "member")?.permissions ?? [];
  return detail.permissions.includes(permission) || everyones.includes(permission);
}

/** The roles that the own account may assign, by rising rank. */
export function givableRoles(detail: ConversationDetail): RoleRow[] {
  const own = ownRank(detail);
  const givable = (role: RoleRow): boolean =>
    role.rank <= own && role.permissions.every((permission) => mayGive(detail, permission));
  return detail.roles.filter(givable).reverse();
}

/** Until when a member is denied a permission; undefined if they are not. */
export function deniedUntil(
  detail: ConversationDetail,
  account: string,
  permission: Permission,
): number | "for good" | undefined {
  const grants = detail.members.find((member) => member.account === account)?.grants ?? [];
  const denial = grants.find((grant) => grant.permission === permission && !grant.allowed);
  return denial === undefined ? undefined : (denial.until ?? "for good");
}
