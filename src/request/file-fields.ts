import { z } from "zod";
import { FILE_LIMITS, isFilePath } from "../protocol/exchanged-files.ts";
import { strictObject } from "./object-schema.ts";

/** Content of a file: a text, or bytes in base64. */
export type FileContent = string | { readonly base64: string };

const content = z.union([z.string(), strictObject({ base64: z.string() })]);

/** Returns the first fault of files, or `undefined`. It stops there: a record of zod looks at all. */
function filesFault(given: unknown): string | undefined {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return 'Expected an object such as {"data.csv": "a,b"}';
  }
  const paths = Object.keys(given);
  if (paths.length > FILE_LIMITS.files) {
    return `${paths.length} files exceed the limit of ${FILE_LIMITS.files}`;
  }
  const all = new Set(paths);
  for (const [path, file] of Object.entries(given)) {
    const name = JSON.stringify(path.slice(0, 100));
    if (!isFilePath(path)) {
      return `${name} is not a relative path of up to ${FILE_LIMITS.path} characters without "..", "." and empty names`;
    }
    const folder = foldersOf(path).find((folder) => all.has(folder));
    if (folder !== undefined) return `${JSON.stringify(folder)} is a file and a folder`;
    if (!content.safeParse(file).success) {
      return `${name} is neither a text nor {"base64": "…"}`;
    }
  }
  return undefined;
}

function foldersOf(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

/** Files of a request: path below `/tmp/in` → content. */
export const files = (
  z.unknown() as z.ZodType<
    Readonly<Record<string, FileContent>>,
    Readonly<Record<string, FileContent>>
  >
)
  .superRefine((given, context) => {
    const fault = filesFault(given);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  })
  .meta({
    type: "object",
    additionalProperties: {
      anyOf: [
        { type: "string" },
        {
          type: "object",
          properties: { base64: { type: "string" } },
          required: ["base64"],
          additionalProperties: false,
        },
      ],
    },
    description: "Files that the code reads: path below /tmp/in → text, or bytes in base64",
    examples: [{ "data.csv": "a,b", "logo.png": { base64: "iVBORw==" } }],
  });

/** Globs of the files below `/tmp/out` that the answer has. */
export const artifacts = z
  .array(
    z
      .string()
      .max(FILE_LIMITS.glob)
      .refine(isFilePath, 'Expected a relative path, such as "*.png" or "report/**"'),
  )
  .max(FILE_LIMITS.globs)
  .meta({
    description: "Globs of the files below /tmp/out that the answer has",
    examples: [["*.png", "report/**"]],
  });
