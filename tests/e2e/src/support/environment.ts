/** What the tests are told from outside: where the programs and the page are. */

/** The built server. */
export function serverProgram(): string {
  return required("TIDINGS_SERVER_BIN", "the built tidings-server");
}

/** The folder of the built web demo. */
export function demoFolder(): string {
  return required("TIDINGS_DEMO_DIST", "the built web demo");
}

/** A Chromium. */
export function chromiumProgram(): string {
  return required("TIDINGS_CHROMIUM", "a Chromium");
}

/** A Postgres in which databases can be made. */
export function postgresUrl(): string {
  return required("TIDINGS_TEST_POSTGRES", "a Postgres in which databases can be made");
}

/** What a variable says. Throws, with what it names, when it says nothing. */
export function required(variable: string, what: string): string {
  const value = process.env[variable];
  if (value === undefined || value === "") {
    throw new Error(`${variable} is not set: it names ${what}. \`cargo xtask test\` sets it.`);
  }
  return value;
}
