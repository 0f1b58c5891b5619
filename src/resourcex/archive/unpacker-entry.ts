/** Unpacks archives, within a confined process. */
import type { MakeHandler } from "../../confined-process/entry.ts";
import { ContentError } from "../base/resourcex-errors.ts";
import { archiveDigest } from "./archive-digest.ts";
import { unpack } from "./unpack.ts";

export interface UnpackTask {
  /** True to return the files; false to only check the archive and return its digest. */
  readonly files: boolean;
}

const make: MakeHandler = async () => async (input, packed) => {
  try {
    const files = unpack(packed);
    if (!(input as UnpackTask).files) return { answer: { digest: archiveDigest(files) } };
    const sizes = [...files].map(([path, { length }]) => [path, length]);
    return { answer: { files: sizes }, payload: Buffer.concat([...files.values()]) };
  } catch (error) {
    if (error instanceof ContentError) return { answer: { fault: error.message } };
    throw error;
  }
};

export default make;
