import type { ArtifactClaim, JobFiles, WantedArtifacts } from "../src/protocol/exchanged-files.ts";
import { encodeFrame } from "../src/protocol/frames.ts";
import type { TakeHeader } from "../src/protocol/messages.ts";
import { placeFiles, takeArtifacts } from "./files.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * Files of the current job, and its answer, which waits until they are taken. The control plane sees the
 * threads of this process, so it says when no worker can change a file any more.
 */
export class LeftFiles {
  readonly #send: (frame: Uint8Array) => void;
  #wanted: WantedArtifacts | undefined;
  #answer: (() => void) | undefined;

  constructor(send: (frame: Uint8Array) => void) {
    this.#send = send;
  }

  /** Begins a job. Throws if its files cannot be placed. */
  begin(files: JobFiles | undefined): void {
    this.#wanted = files?.wanted;
    this.#answer = undefined;
    if (files !== undefined) placeFiles(files);
  }

  /** Keeps the answer of a job with artifacts. Returns false for another job. */
  hold(answer: () => void): boolean {
    if (this.#wanted === undefined) return false;
    this.#answer = answer;
    this.#send(encodeFrame("stopped"));
    return true;
  }

  /** Sends the artifacts, unless a worker goes on, and then answers. */
  take({ ended }: TakeHeader): void {
    const [answer, wanted] = [this.#answer, this.#wanted];
    this.#answer = undefined;
    if (answer === undefined || wanted === undefined) return;
    if (ended) void takeArtifacts(wanted, (...claim) => this.#tell(...claim)).then(answer);
    else answer();
  }

  #tell(claim: ArtifactClaim, bytes: Uint8Array = NO_BYTES): void {
    this.#send(encodeFrame("artifact", claim, bytes));
  }
}
