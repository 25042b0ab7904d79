// The scenes of the demo's page: who is in them, and what happens.

const ACCOUNT = /^[!#-&(-.0-[\]-_a-~]{1,128}$/;
const RESOURCE_CHARACTERS_MAX = 64;

/** The name of a scene in the address. */
export type SceneName = "chat" | "visit";

/** A scene with the people who play it. */
export interface Scene {
  readonly name: SceneName;
  readonly accounts: readonly string[];
}

/** A resource that somebody is offered to ask its owner about. */
export interface Offer {
  /** Its id. */
  readonly resource: string;
  readonly title: string;
  readonly owner: string;
}

/** What is fixed about a scene. */
interface Script {
  /** Its people, if the address names no others. */
  readonly accounts: readonly string[];
  readonly title: string;
  /** What happens in it, to people of these names. */
  words(one: string, other: string): string;
}

/** Every scene. */
export const SCENES: Readonly<Record<SceneName, Script>> = {
  chat: {
    accounts: ["ann", "bob"],
    title: "A chat",
    words: () => "Write as anybody. Switch a network off, go on writing, switch it on again.",
  },
  visit: {
    accounts: ["clara", "omar"],
    title: "A visit",
    words: (client, owner) =>
      `${client} asks about a flat. ${owner} proposes a visit, and ${client} answers, with or without a network.`,
  },
};

/** What the client asks about in the scene of the visit. */
const FLAT = { resource: "flat-rua-da-rosa-14", title: "Flat on Rua da Rosa 14" } as const;

/** Returns true if an account can be called that. */
export function isAccount(name: string | null): name is string {
  return name !== null && ACCOUNT.test(name);
}

/** Reads the scene from the address: by name, with other people if it names them. */
export function sceneOf(address: URL): Scene {
  const name = address.searchParams.get("scene") === "visit" ? "visit" : "chat";
  const people = (address.searchParams.get("people") ?? "").split(",").filter(isAccount);
  // A visit has two sides; in a chat there is room for a third person.
  const accounts = [...new Set(people)].slice(0, name === "visit" ? 2 : 3);
  return { name, accounts: accounts.length > 1 ? accounts : SCENES[name].accounts };
}

/** The address of a scene. */
export function addressOf({ name, accounts }: Scene): string {
  const parameters = new URLSearchParams();
  if (name !== "chat") {
    parameters.set("scene", name);
  }
  if (accounts.join() !== SCENES[name].accounts.join()) {
    parameters.set("people", accounts.join());
  }
  return `/${parameters.size === 0 ? "" : `?${parameters}`}`;
}

/** The address of the screen of somebody in a scene; the client of a visit is offered what to ask about. */
export function screenOf({ name, accounts }: Scene, account: string): string {
  const parameters = new URLSearchParams({ account });
  const [client, owner] = accounts;
  if (name === "visit" && account === client && owner !== undefined) {
    parameters.set("about", FLAT.resource);
    parameters.set("title", FLAT.title);
    parameters.set("owner", owner);
  }
  return `/?${parameters}`;
}

/** Reads from the address of a screen what is offered there. */
export function offerOf(address: URL): Offer | undefined {
  const resource = address.searchParams.get("about") ?? "";
  const owner = address.searchParams.get("owner");
  if (resource === "" || resource.length > RESOURCE_CHARACTERS_MAX || !isAccount(owner)) {
    return undefined;
  }
  return { resource, owner, title: address.searchParams.get("title") ?? resource };
}
