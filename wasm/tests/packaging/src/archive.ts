/** The archive that would be published, unpacked where the apps look for their packages. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The folder of these tests, which is the root of the apps. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Packs the package and unpacks it below `node_modules`; answers its folder. */
export async function unpackArchive(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-archive-"));
  try {
    await run("npm", ["pack", "--pack-destination", folder], { cwd: join(ROOT, "../..") });
    const [archive] = await readdir(folder);
    if (archive === undefined) {
      throw new Error("npm packed nothing");
    }
    const place = join(ROOT, "node_modules", "tidings");
    await rm(place, { recursive: true, force: true });
    await mkdir(place, { recursive: true });
    await run("tar", ["-xzf", join(folder, archive), "--strip-components=1", "-C", place]);
    return place;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
