import {
  type ArtifactClaim,
  type ExchangedFile,
  FILE_LIMITS,
  type Omission,
  type WantedArtifacts,
} from "../../protocol/exchanged-files.ts";
import { matchesGlob } from "../../protocol/file-glob.ts";
import type { Artifacts } from "../contract/artifacts.ts";

/**
 * Takes the artifacts of one run, and checks each again: the sandbox has checked them, and its code
 * may have taken it over.
 */
export class TakenArtifacts {
  readonly #wanted: WantedArtifacts;
  readonly #files: ExchangedFile[] = [];
  readonly #omitted: Artifacts["omitted"][number][] = [];
  readonly #paths = new Set<string>();
  #bytes = 0;
  #more = 0;
  #unsearched = false;
  /** True once no worker of the code can change them. */
  #settled = false;
  #running = false;

  constructor(wanted: WantedArtifacts) {
    this.#wanted = wanted;
  }

  /** Number of bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes whether all workers have ended. Until then, no claim is taken. */
  settle(ended: boolean): void {
    this.#settled = ended;
    this.#running = !ended;
  }

  /** Takes a claim. One that no honest sandbox makes is dropped. */
  take(claim: ArtifactClaim, bytes: Uint8Array): void {
    if (!this.#settled) return;
    if (!("path" in claim)) {
      this.#more += claim.more;
      this.#unsearched ||= claim.unsearched;
      return;
    }
    const { path } = claim;
    const { globs, most, bytes: mostBytes } = this.#wanted;
    if (this.#paths.has(path) || this.#paths.size >= most + FILE_LIMITS.omitted) return;
    this.#paths.add(path);
    if ("omitted" in claim) this.#omit(path, claim.omitted);
    else if (!globs.some((glob) => matchesGlob(path, glob))) return;
    else if (this.#files.length >= most) this.#omit(path, "count");
    else if (this.#bytes + bytes.length > mostBytes) this.#omit(path, "bytes");
    else {
      this.#bytes += bytes.length;
      this.#files.push({ path, bytes });
    }
  }

  #omit(path: string, reason: Omission): void {
    if (this.#omitted.length < FILE_LIMITS.omitted) this.#omitted.push({ path, reason });
    else this.#more += 1;
  }

  /** Returns what was taken so far, in the order of the paths. */
  taken(): Artifacts {
    return {
      files: this.#files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      omitted: [...this.#omitted],
      more: this.#more,
      unsearched: this.#unsearched,
      running: this.#running,
    };
  }
}
