import type { ExchangedFile } from "../protocol/exchanged-files.ts";
import type { Redactor } from "./redactor.ts";

interface Named {
  readonly path: string;
}

/** Masks values in artifacts: in their bytes, and in their paths. */
export function redactedArtifacts<
  A extends { readonly files: readonly ExchangedFile[]; readonly omitted: readonly Named[] },
>(artifacts: A, redactor: Redactor): A {
  return {
    ...artifacts,
    files: artifacts.files.map(({ path, bytes }) => {
      const parts = redactor.byteParts();
      const masked = Buffer.concat([parts.push(bytes), parts.end()]);
      return { path: redactor.text(path), bytes: masked };
    }),
    omitted: artifacts.omitted.map((one) => ({ ...one, path: redactor.text(one.path) })),
  };
}
