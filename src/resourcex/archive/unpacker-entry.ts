/** Unpacks archives, as a confined process does it. */
import type { MakeHandler } from "../../confined-process/entry.ts";
import { ContentError } from "../base/resourcex-errors.ts";
import { unpack } from "./sandbox-archive.ts";

export interface UnpackTask {
  /** Whether to answer with the files, and not just that they are good. */
  readonly files: boolean;
}

const make: MakeHandler = async () => async (input, packed) => {
  try {
    const files = unpack(packed);
    if (!(input as UnpackTask).files) return { answer: { files: [] } };
    const sizes = [...files].map(([path, { length }]) => [path, length]);
    return { answer: { files: sizes }, payload: Buffer.concat([...files.values()]) };
  } catch (error) {
    if (error instanceof ContentError) return { answer: { fault: error.message } };
    throw error;
  }
};

export default make;
