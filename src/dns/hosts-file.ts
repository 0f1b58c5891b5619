import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";

/** Most bytes of a file. The longest known block lists have a few MB. */
const MAX_BYTES = 16_777_216;

/** A small system file, parsed again when it has changed. */
export class SystemFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #seen = "";
  #parsed: T;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
    this.#parsed = parse("");
  }

  /**
   * The parsed file; the parse of an empty one if it cannot be read. Reads synchronously, because
   * these files are in memory and an asynchronous read takes a thread of the pool.
   */
  get value(): T {
    try {
      const { mtimeMs, ino, size } = statSync(this.#path);
      const seen = `${mtimeMs} ${ino} ${size}`;
      if (seen !== this.#seen) {
        this.#parsed = this.#parse(size > MAX_BYTES ? "" : readFileSync(this.#path, "utf8"));
        this.#seen = seen;
      }
    } catch {
      this.#seen = "";
      this.#parsed = this.#parse("");
    }
    return this.#parsed;
  }
}

/**
 * Parses a hosts file: per line, an address and its names; comments begin with `#`.
 *
 * @example
 * parseHosts("192.0.2.1 api.example api").get("api") // ["192.0.2.1"]
 */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const known = hosts.get(name.toLowerCase());
      if (known === undefined) hosts.set(name.toLowerCase(), [address]);
      else known.push(address);
    }
  }
  return hosts;
}
