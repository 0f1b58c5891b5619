import { isTellable, MAX_UNGRANTED } from "../src/protocol/ungranted.ts";
import { NativeSet, setAdd, setForEach, setSize } from "./base/primordials.ts";

/** Names of variables that code has asked for without a grant, up to a number. */
export class Ungranted {
  #names = new NativeSet<string>();

  add(name: string): void {
    if (setSize(this.#names) < MAX_UNGRANTED && isTellable(name)) setAdd(this.#names, name);
  }

  /** Returns the names since the last call, if there are any. */
  take(): { ungranted: readonly string[] } | undefined {
    if (setSize(this.#names) === 0) return undefined;
    const ungranted: string[] = [];
    setForEach(this.#names, (name) => {
      ungranted[ungranted.length] = name;
    });
    this.#names = new NativeSet();
    return { ungranted };
  }
}
