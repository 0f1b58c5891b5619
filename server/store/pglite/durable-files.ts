import { fsyncSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type Options = Parameters<NodeFS["init"]>[1];

interface Stream {
  /** Descriptor of a file; a directory has none. */
  readonly nfd?: number;
}

interface NodeFiles {
  readonly stream_ops: { fsync?(stream: Stream): number };
}

/**
 * What PGlite is started with, so that a commit outlives the machine: by itself it does without
 * `fsync`, of which its files know nothing, and of `fdatasync` neither.
 */
export const DURABLE_PARAMETERS: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  ...["-c", "wal_sync_method=fsync"],
  // A quarter of its memory, and no slower with the little that is here.
  ...["-c", "shared_buffers=16MB"],
];

/** A directory of this host's whose files are on the disk when PostgreSQL asks for it. */
export class DurableFiles extends NodeFS {
  override async init(database: PGlite, options: Options): ReturnType<NodeFS["init"]> {
    const { emscriptenOpts } = await super.init(database, options);
    const sync: NonNullable<Options["preRun"]>[number] = (module) => {
      (module.NODEFS as unknown as NodeFiles).stream_ops.fsync = ({ nfd }) => {
        if (nfd !== undefined) fsyncSync(nfd);
        return 0;
      };
    };
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), sync] },
    };
  }
}
