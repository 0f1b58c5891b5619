import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Start of the names of all that labs make on the host. */
const PREFIX = "isolate-lab-";
const FOLDER = /^isolate-lab-([0-9a-f]{4})$/;

/** Names of what one lab makes on the host. All follow from its id, so that a later run finds what is left. */
export class LabNames {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** Returns the names for a folder, unless it is none of a lab. */
  static of(folder: string): LabNames | undefined {
    const [, id] = FOLDER.exec(basename(folder)) ?? [];
    return id === undefined ? undefined : new LabNames(id);
  }

  get directory(): string {
    return join(tmpdir(), PREFIX + this.id);
  }

  get bridge(): string {
    return `ilab-${this.id}`;
  }

  /** Returns an address of the lab's network. The bridge has the first one. */
  address(last: number): string {
    const number = Number.parseInt(this.id, 16);
    return `10.${192 + ((number >> 8) % 32)}.${number & 255}.${last}`;
  }

  namespace(machine: string): string {
    return `ilab-${this.id}-${machine}`;
  }

  /** Returns the host's end of a machine's cable. The kernel takes 15 characters. */
  cable(last: number): string {
    return `ilab${this.id}-${last}`;
  }
}
