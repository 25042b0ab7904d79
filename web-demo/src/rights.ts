// What the own account may do in a conversation: what the package tells of
// roles, permissions, policies and state, put together as a screen asks it.
// The authority decides all the same; this is what is worth offering.

import type { ConversationDetail, Permission, Role, RoleRow } from "tidings";

/** From which role on one may write, by the policy; none for everybody, or where only the server knows. */
const WRITES_FROM = { all_members: undefined, moderators: "moderator", admins_only: "admin", unknown: undefined } as const;

/** Whether the own account may do this now. */
export function may(detail: ConversationDetail, permission: Permission): boolean {
  const isAllowed =
    (permission !== "message:react" || detail.policies.reactions) &&
    (permission !== "thread:create" || mayOpenThreads(detail));
  return isAllowed && detail.state === "active" && mayInAnyState(detail, permission);
}

/** Whether the policy lets the own account open threads, this deep. */
function mayOpenThreads(detail: ConversationDetail): boolean {
  const { subrooms, subroom_depth_max: depthMax } = detail.policies;
  const isLet = subrooms === "all_members" || (subrooms === "admins_only" && ownRank(detail) >= 75);
  return isLet && (detail.parent?.depth ?? 0) < depthMax;
}

/** Whether the own account may do this in a conversation that is archived or closed, too. */
export function mayInAnyState(detail: ConversationDetail, permission: Permission): boolean {
  return detail.permissions.includes(permission) && !isLockedOut(detail);
}

/** Whether the own account may write messages now. */
export function mayWrite(detail: ConversationDetail): boolean {
  const from = WRITES_FROM[detail.policies.send];
  return may(detail, "message:send") && (from === undefined || ownRank(detail) >= rankOf(detail, from));
}

/** Whether a lock keeps the own account from writing. */
export function isLockedOut(detail: ConversationDetail): boolean {
  return detail.locked && ownRank(detail) < rankOf(detail, "moderator");
}

/** The own rank. An administrator of the tenant, who may be no member, is above all who are. */
export function ownRank(detail: ConversationDetail): number {
  return detail.role === undefined ? Number.POSITIVE_INFINITY : rankOf(detail, detail.role);
}

/** The rank of a role; of one that is not defined any more, none. */
export function rankOf(detail: ConversationDetail, role: Role): number {
  return detail.roles.find((row) => row.name === role)?.rank ?? 0;
}

/** Whether the own account may give somebody this permission: one that it holds, or every member does. */
export function mayGive(detail: ConversationDetail, permission: Permission): boolean {
  const everyones = detail.roles.find((row) => row.name === "member")?.permissions ?? [];
  return detail.permissions.includes(permission) || everyones.includes(permission);
}

/** The roles that the own account may give, by rising rank. */
export function givableRoles(detail: ConversationDetail): RoleRow[] {
  const own = ownRank(detail);
  const givable = (role: RoleRow): boolean =>
    role.rank <= own && role.permissions.every((permission) => mayGive(detail, permission));
  return detail.roles.filter(givable).reverse();
}

/** Until when a member is denied something; nothing if they are not. */
export function deniedUntil(
  detail: ConversationDetail,
  account: string,
  permission: Permission,
): number | "for good" | undefined {
  const grants = detail.members.find((member) => member.account === account)?.grants ?? [];
  const denial = grants.find((grant) => grant.permission === permission && !grant.allowed);
  return denial === undefined ? undefined : (denial.until ?? "for good");
}
