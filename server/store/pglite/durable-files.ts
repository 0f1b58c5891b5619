import { fsyncSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

import { ownersAlone } from "./private-files.ts";

type Options = Parameters<NodeFS["init"]>[1];

interface Stream {
  /** Descriptor of a file. Directories have none. */
  readonly nfd?: number;
}

interface Attributes {
  mode?: number;
}

interface NodeFiles {
  readonly stream_ops: {
    fsync?(stream: Stream): number;
    setattr(stream: Stream, attributes: Attributes): void;
  };
  readonly node_ops: {
    mknod(parent: unknown, name: string, mode: number, device: number): unknown;
    setattr(node: unknown, attributes: Attributes): void;
  };
}

/**
 * Parameters with which a commit survives a crash of the machine. By default PGlite runs without
 * `fsync`. Its files know nothing of `fsync` and `fdatasync`.
 */
export const DURABLE_PARAMETERS: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  ...["-c", "wal_sync_method=fsync"],
  // A quarter of PGlite's memory, without loss of speed for a small store.
  ...["-c", "shared_buffers=16MB"],
  // By default the log takes a gigabyte, more than most stores need.
  ...["-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"],
];

/**
 * Keeps the files of a directory durable and private. Writes them to the disk when PostgreSQL asks
 * for it. Only their owner may use them: Emscripten sets modes of its own and ignores the umask.
 */
export class DurableFiles extends NodeFS {
  override async init(database: PGlite, options: Options): ReturnType<NodeFS["init"]> {
    const { emscriptenOpts } = await super.init(database, options);
    const sync: NonNullable<Options["preRun"]>[number] = (module) => {
      const { node_ops: nodes, stream_ops: streams } = module.NODEFS as unknown as NodeFiles;
      streams.fsync = ({ nfd }) => {
        if (nfd !== undefined) fsyncSync(nfd);
        return 0;
      };
      const { mknod } = nodes;
      nodes.mknod = (parent, name, mode, device) => mknod(parent, name, ownersAlone(mode), device);
      for (const operations of [nodes, streams]) {
        const { setattr } = operations as NodeFiles["node_ops"];
        operations.setattr = (of: never, { mode, ...attributes }: Attributes) =>
          setattr(of, { ...attributes, ...(mode !== undefined && { mode: ownersAlone(mode) }) });
      }
    };
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), sync] },
    };
  }
}
