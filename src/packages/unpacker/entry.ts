/** Unpacker in a confined process. Each question brings a tarball, and is answered with its files. */
import type { MakeHandler } from "../../confined-process/entry.ts";
import { type AdvisoryQuestion, matchingAdvisories } from "./advisories.ts";
import { hasNativeCode, packageFiles } from "./package-files.ts";
import { TarballError, type UnpackBounds, untarPackage } from "./untar-package.ts";

export type UnpackerQuestion =
  | { readonly unpack: UnpackBounds }
  | { readonly advisories: AdvisoryQuestion };

const make: MakeHandler = async () => async (input, payload) => {
  const question = input as UnpackerQuestion;
  if ("advisories" in question) {
    return { answer: { advisories: matchingAdvisories(question.advisories, payload) } };
  }
  try {
    const all = await untarPackage(payload, question.unpack);
    if (hasNativeCode(all)) return { answer: { native: true } };
    const files = packageFiles(all);
    return {
      answer: {
        paths: [...files.keys()],
        sizes: [...files.values()].map(({ length }) => length),
        // Counted before files are left out, because unpacking all of them took memory and time.
        unpacked: [...all.values()].reduce((sum, { length }) => sum + length, 0),
        count: all.size,
      },
      payload: Buffer.concat([...files.values()]),
    };
  } catch (error) {
    if (error instanceof TarballError) return { answer: { fault: error.message } };
    throw error;
  }
};

export default make;
