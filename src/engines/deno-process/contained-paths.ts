import { lstat, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { PermissionError } from "../../base/errors.ts";
import { isWithin } from "../../permissions/path-grant.ts";

/** Most entries checked for one grant. A larger folder needs a container, which mounts it. */
const MAX_ENTRIES = 20_000;
/** Milliseconds for which a result is cached. Only the operator changes these folders. */
const FRESH = 2_000;

const checked = new Map<string, { readonly until: number; readonly done: Promise<void> }>();

/**
 * Checks that paths granted to a process stay inside the operator's folders, including links below
 * them. The runtime checks the name of a link, but opens its target. Without a mount, only this
 * check stops that.
 *
 * @throws {PermissionError} for a path that leads out of its folder.
 */
export async function assertContained(
  paths: readonly string[],
  folders: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const around = folders.filter((folder) => isWithin(path, folder));
    const folder = around.sort((a, b) => b.length - a.length)[0];
    if (folder === undefined) throw refusal(path, "is in no folder of the operator's");
    const key = `${folder}\0${path}`;
    const known = checked.get(key);
    const fresh = known !== undefined && known.until > Date.now() ? known.done : undefined;
    if (fresh === undefined) forget();
    const done = fresh ?? check(path, folder);
    checked.set(key, { until: known && fresh ? known.until : Date.now() + FRESH, done });
    await done;
  }
}

function forget(): void {
  const now = Date.now();
  for (const [key, { until }] of checked) if (until <= now) checked.delete(key);
}

async function check(path: string, folder: string): Promise<void> {
  const root = await realpath(folder).catch(() => undefined);
  // A missing path leads nowhere, and the runtime reports it.
  if (root === undefined || (await lstat(path).catch(() => undefined)) === undefined) return;
  await assertLeadsInto(path, root, path);
  const pending = [path];
  let left = MAX_ENTRIES;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    left -= entries.length;
    if (left < 0) {
      throw refusal(path, `has more than ${MAX_ENTRIES} files: ask for level "container"`);
    }
    for (const entry of entries) {
      const below = join(directory, entry.name);
      if (entry.isSymbolicLink()) await assertLeadsInto(below, root, path);
      if (entry.isDirectory()) pending.push(below);
    }
  }
}

async function assertLeadsInto(link: string, root: string, asked: string): Promise<void> {
  const target = await realpath(link).catch(() => undefined);
  if (target === undefined || isWithin(target, root)) return;
  throw refusal(asked, 'holds a link out of its folder: ask for level "container"');
}

function refusal(path: string, reason: string): PermissionError {
  return new PermissionError("permissions.read", `permissions.read: ${path} ${reason}`);
}
