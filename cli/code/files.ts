import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import type { Answer } from "../../src/client/types.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import type { Args, Values } from "../command/define.ts";
import { CommandError, UsageError } from "../command/errors.ts";
import { note } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";

/** Flags of the files that code is given, and of those it leaves. */
export const FILE_FLAGS = {
  file: {
    type: "string",
    description: "File that it finds below /tmp/in",
    valueHint: "[path=]file",
    multiple: true,
  },
  artifact: {
    type: "string",
    description: "Files to take from /tmp/out",
    valueHint: "glob",
    multiple: true,
  },
  out: { type: "string", description: "Folder for these; . by default", valueHint: "folder" },
} as const satisfies Args;

type Files = Pick<ExecuteRequest, "files" | "artifacts">;

/** Reads the files of the flags. */
export async function filesOf({
  file: given,
  artifact,
  out,
}: Values<typeof FILE_FLAGS>): Promise<Files> {
  if (out !== undefined && artifact.length === 0) {
    throw new UsageError("--out is the folder of artifacts: name them by --artifact");
  }
  const files = await Promise.all(
    given.map(async (text) => {
      const at = text.indexOf("=");
      const file = text.slice(at + 1);
      const path = at > 0 ? text.slice(0, at) : basename(file);
      const base64 = await readFile(file).then(
        (bytes) => bytes.toString("base64"),
        (error: Error) => {
          throw new CommandError(error.message);
        },
      );
      return [path, { base64 }] as const;
    }),
  );
  return {
    ...(files.length > 0 && { files: Object.fromEntries(files) }),
    ...(artifact.length > 0 && { artifacts: [...artifact] }),
  };
}

/** Writes the artifacts of an answer into a folder, and tells which ones. */
export async function writeArtifacts(
  { artifacts = [], artifactsOmitted = [] }: Answer,
  folder = ".",
): Promise<void> {
  for (const { path, text, base64 = "" } of artifacts) {
    // Checked by the server, too, whose answer decides where this process writes.
    if (/^(?:\/|\.\.(?:\/|$))/.test(normalize(path)))
      throw new CommandError("An artifact has a path that leads elsewhere");
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text ?? Buffer.from(base64, "base64"));
    note(visible(file));
  }
  for (const { path, reason, count } of artifactsOmitted) {
    note(`left out: ${visible(path ?? String(count ?? ""))} ${reason}`);
  }
}
