/**
 * Things that code can leave in the process beyond its worker, and their removal between two executions.
 * Each step has a name: tests leave one out at a time.
 */
const MAX_URLS = 10_000;
const MAX_URL = 256;
const DIRECTORY_MODE = 0o700;

/** Variables of the process. Those of a grant are set for its execution alone. */
export class ProcessVariables {
  /** Names that may be set where not all can be listed. */
  readonly #names: Set<string>;
  readonly #before: ReadonlyMap<string, string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
    this.#before = this.#read();
  }

  set(variables: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(variables)) {
      this.#names.add(name);
      Deno.env.set(name, value);
    }
  }

  /** Makes all variables what they were at first. */
  restore(): void {
    for (const name of this.#read().keys()) if (!this.#before.has(name)) Deno.env.delete(name);
    for (const [name, value] of this.#before) {
      if (Deno.env.get(name) !== value) Deno.env.set(name, value);
    }
  }

  #read(): Map<string, string> {
    try {
      return new Map(Object.entries(Deno.env.toObject()));
    } catch {
      // Only a process with a permission for all variables may list them. Code has no more of it.
      return this.#readKnown();
    }
  }

  #readKnown(): Map<string, string> {
    const found = new Map<string, string>();
    for (const name of this.#names) {
      const value = Deno.env.get(name);
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }
}

/** Takes a path of the machine out of the environment, where code may be granted any variable. */
export function hidePath(): void {
  try {
    Deno.env.set("DENO_DIR", "/dev/null/deno");
  } catch {
    // No code here may be granted one.
  }
}

/** URLs of blobs that code has made and not given back. */
export class MadeUrls {
  readonly #urls = new Set<string>();
  #isComplete = true;

  /** Notes what a worker says. It may say anything, any number of times. */
  note(url: unknown, gone: unknown): void {
    if (typeof url !== "string" || url.length > MAX_URL) return;
    if (gone === true) {
      // Given back here, too: a worker that lies would keep its URL.
      URL.revokeObjectURL(url);
      this.#urls.delete(url);
    } else if (this.#urls.size < MAX_URLS) this.#urls.add(url);
    else this.#isComplete = false;
  }

  /** Gives all URLs back. Returns false if there were too many to know. */
  revoke(): boolean {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls.clear();
    return this.#isComplete;
  }
}

/** Settings of SQLite that any connection changes for the whole process, and their first values. */
const OF_SQLITE = {
  hard_heap_limit: '[{"hard_heap_limit":0}]',
  soft_heap_limit: '[{"soft_heap_limit":0}]',
  temp_store_directory: "[]",
};

/** Name without a literal type, because the types of Node are not those of the sandbox. */
const SQLITE: string = "node:sqlite";

/** The part of `node:sqlite` used here. */
interface Sqlite {
  readonly DatabaseSync: new (
    path: string,
  ) => { prepare(query: string): { all(): unknown }; close(): void };
}

/** Tells whether SQLite has its first settings. Some of them cannot be set back. */
export async function isSqliteUnchanged(): Promise<boolean> {
  // Loaded now: a sandbox that is used once need not.
  const { DatabaseSync } = (await import(SQLITE)) as Sqlite;
  const database = new DatabaseSync(":memory:");
  const isFirst = ([name, value]: [string, string]): boolean =>
    JSON.stringify(database.prepare(`PRAGMA ${name}`).all()) === value;
  const unchanged = Object.entries(OF_SQLITE).every(isFirst);
  database.close();
  return unchanged;
}

/** Removes all files of the sandbox's own directory. Returns false if something is left. */
export function emptyScratch(scratch: string): boolean {
  // Code has no permission that its process has not.
  const { state } = Deno.permissions.querySync({ name: "write", path: scratch });
  if (state !== "granted") return true;
  emptyDirectory(scratch);
  return Deno.readDirSync(scratch)[Symbol.iterator]().next().done === true;
}

function emptyDirectory(directory: string): void {
  // Listed before any is removed, because removals may change the order.
  for (const { name, isDirectory } of [...Deno.readDirSync(directory)]) {
    const path = `${directory}/${name}`;
    if (isDirectory) {
      Deno.chmodSync(path, DIRECTORY_MODE);
      emptyDirectory(path);
    }
    Deno.removeSync(path);
  }
}
