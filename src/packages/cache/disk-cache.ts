import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";

const DIGEST_BYTES = 32;
const CHUNK = 4_194_304;
const UNFINISHED = ".part";
const KEY = /^[0-9a-f]{64}-\d+$/;

interface Entry {
  readonly bytes: number;
  used: number;
}

/**
 * Files of a directory by key, with the least recently used removed first. Each file begins with the SHA-256 of its
 * content. A file that differs from it is as good as none. Several processes may share a directory.
 */
export class DiskCache {
  readonly #directory: string;
  readonly #most: number;
  #opened: Promise<Map<string, Entry>> | undefined;

  constructor(directory: string, most: number) {
    this.#directory = directory;
    this.#most = most;
  }

  /** Reads the content of a key, if there is one. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const entries = await this.#entries();
    const content = await this.#read(key).catch(() => undefined);
    if (content === undefined) {
      if (entries.delete(key)) await this.#remove(key);
      return undefined;
    }
    const now = new Date();
    entries.delete(key);
    entries.set(key, { bytes: content.length + DIGEST_BYTES, used: now.getTime() });
    await utimes(this.#path(key), now, now).catch(() => {});
    return content;
  }

  /** Keeps content under a key. Content that is larger than the whole cache is not kept. */
  async put(key: string, content: Uint8Array): Promise<void> {
    const bytes = content.length + DIGEST_BYTES;
    if (bytes > this.#most) return;
    const entries = await this.#entries();
    const unfinished = join(this.#directory, `${randomUUID()}${UNFINISHED}`);
    try {
      const file = await open(unfinished, "wx", 0o600);
      try {
        await file.writeFile(await digestOf(content));
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, this.#path(key));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    entries.delete(key);
    entries.set(key, { bytes, used: Date.now() });
    await this.#makeRoom(entries);
  }

  #entries(): Promise<Map<string, Entry>> {
    this.#opened ??= this.#open();
    this.#opened.catch(() => {
      this.#opened = undefined;
    });
    return this.#opened;
  }

  /** Makes the directory, removes what is unfinished or unknown, and lists the rest. */
  async #open(): Promise<Map<string, Entry>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await chmod(this.#directory, 0o700);
    const found: [string, Entry][] = [];
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const status = await lstat(path).catch(() => undefined);
      if (status === undefined) continue;
      if (KEY.test(name) && status.isFile()) {
        found.push([name, { bytes: status.size, used: status.mtimeMs }]);
      } else if (isLeftover(name, status.mtimeMs)) {
        await rm(path, { force: true, recursive: true });
      }
    }
    const entries = new Map(found.sort(([, a], [, b]) => a.used - b.used));
    await this.#makeRoom(entries);
    return entries;
  }

  async #makeRoom(entries: Map<string, Entry>): Promise<void> {
    let total = [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [key, { bytes }] of entries) {
      if (total <= this.#most) return;
      entries.delete(key);
      total -= bytes;
      await this.#remove(key);
    }
  }

  async #remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    // Follows no link, and waits for no writer of a pipe.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(this.#path(key), flags);
    try {
      const { size } = await file.stat();
      if (size < DIGEST_BYTES || size > this.#most) return undefined;
      const all = await file.readFile();
      const content = all.subarray(DIGEST_BYTES);
      const expected = await digestOf(content);
      return expected.equals(all.subarray(0, DIGEST_BYTES)) ? content : undefined;
    } finally {
      await file.close();
    }
  }

  #path(key: string): string {
    if (!KEY.test(key)) throw new Error("No key of a cached file");
    return join(this.#directory, key);
  }
}

/** Milliseconds after which a file that another process might be writing is a leftover. */
const STALE_AFTER = 600_000;

function isLeftover(name: string, changed: number): boolean {
  return name.endsWith(UNFINISHED) && Date.now() - changed > STALE_AFTER;
}

/** Hashes in parts, so that other work goes on meanwhile. */
async function digestOf(content: Uint8Array): Promise<Buffer> {
  const hash = createHash("sha256");
  for (let at = 0; at < content.length; at += CHUNK) {
    if (at > 0) await new Promise((go) => setImmediate(go));
    hash.update(content.subarray(at, at + CHUNK));
  }
  return hash.digest();
}
