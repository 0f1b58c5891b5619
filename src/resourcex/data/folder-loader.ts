import { constants } from "node:fs";
import { lstat, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { ARCHIVE_LIMITS } from "../archive/archive-limits.ts";
import { EntryPaths, refusal } from "../archive/entry-paths.ts";
import { archiveOf } from "../archive/lazy-archive.ts";
import { ContentError, ManifestError } from "../base/resourcex-errors.ts";
import { assertOneForm, isTagged, readDefinition } from "./definition.ts";
import { parseRXL } from "./locator.ts";
import { createRXM, type RXM } from "./manifest.ts";
import type { RXR } from "./resource.ts";
import { LOCAL_DOMAIN } from "./storable.ts";

const RESOURCE_FILE = "resource.json";
const MAX_RESOURCE_FILE_BYTES = 65_536;
const TAGGED_FIELDS = ["name", "type"];
const TYPED_FIELDS = [...TAGGED_FIELDS, "version"];

/**
 * Makes resources of folders. `resource.json` is the manifest, of either form, and all other files
 * are the content.
 */
export class FolderLoader {
  /** Tests whether a folder has a `resource.json`. */
  async canLoad(folder: string): Promise<boolean> {
    const stats = await lstat(join(folder, RESOURCE_FILE)).catch(() => undefined);
    return stats?.isFile() === true;
  }

  /**
   * Reads a folder.
   *
   * @throws {ManifestError} For a bad `resource.json`.
   * @throws {ContentError} For a folder without `resource.json`, without content, or with files
   * that no archive may have.
   */
  async load(folder: string): Promise<RXR> {
    if (!(await this.canLoad(folder))) {
      throw new ContentError(`Cannot load resource from: ${folder}`);
    }
    const manifest = await readManifest(join(folder, RESOURCE_FILE));
    const files = await readContent(folder);
    if (files.size === 0) throw new ContentError("No content files found in resource folder");
    const locator = parseRXL(manifest.toLocator());
    return { locator, manifest, archive: await archiveOf(files) };
  }
}

async function readManifest(path: string): Promise<RXM> {
  if ((await lstat(path)).size > MAX_RESOURCE_FILE_BYTES) {
    throw new ManifestError(`Invalid resource.json: more than ${MAX_RESOURCE_FILE_BYTES} bytes`);
  }
  let given: Record<string, unknown>;
  try {
    given = Object(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new ManifestError(`Invalid JSON in resource.json: ${messageOf(error)}`);
  }
  for (const field of isTagged(given) ? TAGGED_FIELDS : TYPED_FIELDS) {
    if (typeof given[field] === "string" && given[field] !== "") continue;
    throw new ManifestError(`Invalid resource.json: missing required field '${field}'`);
  }
  try {
    assertOneForm(given);
    if (isTagged(given)) return readDefinition(given);
  } catch (error) {
    throw new ManifestError(`Invalid resource.json: ${messageOf(error)}`);
  }
  return createRXM({ domain: LOCAL_DOMAIN, ...given } as Parameters<typeof createRXM>[0]);
}

async function readContent(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const paths = new EntryPaths();
  const waiting = [""];
  let size = 0;
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const entry of await readdir(join(folder, parent), { withFileTypes: true })) {
      const path = `${parent}${entry.name}`;
      if (path === RESOURCE_FILE) continue;
      if (entry.isDirectory()) {
        paths.addDirectory(path);
        waiting.push(`${path}/`);
      } else if (entry.isFile()) {
        paths.addFile(path);
        const content = await readRegular(join(folder, path), ARCHIVE_LIMITS.unpackedBytes - size);
        size += content.length;
        files.set(path, content);
        // A link may lead to a file that its author never meant to share.
      } else throw refusal(path, "it is neither a file nor a directory");
    }
  }
  return files;
}

async function readRegular(path: string, room: number): Promise<Buffer> {
  // By now, a link may have replaced the file.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await handle.stat()).size <= room) return await handle.readFile();
  } finally {
    await handle.close();
  }
  throw new ContentError(`The folder has more than ${ARCHIVE_LIMITS.unpackedBytes} bytes`);
}
