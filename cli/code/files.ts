import { lstat, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
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
  out: {
    type: "string",
    description: "Folder for these, whose files are replaced; . by default, where none is",
    valueHint: "folder",
  },
} as const satisfies Args;

/** Characters that lead elsewhere on some system, or that a terminal takes for commands. */
const UNFIT = /[\\:\u0000-\u001f\u007f-\u009f]/;

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

/**
 * Writes the artifacts of an answer into a folder, and tells which ones. The answer decides on names, so nothing is
 * written through a link. Files that are there are replaced in a folder that was named for artifacts, and nowhere else.
 */
export async function writeArtifacts(
  { artifacts = [], artifactsOmitted = [] }: Answer,
  out: string | undefined,
): Promise<void> {
  const folder = out ?? ".";
  await mkdir(folder, { recursive: true });
  for (const { path, text, base64 = "" } of artifacts) {
    // Checked by the server, too.
    const names = path.split("/");
    const isPlain = names.every((name) => !["", ".", ".."].includes(name));
    if (!isPlain || UNFIT.test(path)) {
      throw new CommandError(`An artifact has a path that leads elsewhere: ${visible(path)}`);
    }
    // Programs take settings from such files of the folder in which they are started.
    if (out === undefined && names.some((name) => name.startsWith("."))) {
      throw new CommandError(`${visible(path)} is hidden: name a folder by --out to have it`);
    }
    await makeFolders(folder, path);
    const file = join(folder, path);
    await write(file, text ?? Buffer.from(base64, "base64"), out !== undefined);
    note(visible(file));
  }
  for (const { path, reason, count } of artifactsOmitted) {
    note(`left out: ${visible(path ?? String(count ?? ""))} ${reason}`);
  }
}

/** Makes the folders of a path, one after the other, none of which may be a link. */
async function makeFolders(folder: string, path: string): Promise<void> {
  const names = path.split("/").slice(0, -1);
  for (const [index] of names.entries()) {
    const made = join(folder, ...names.slice(0, index + 1));
    await mkdir(made).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw new CommandError(error.message);
    });
    if (!(await lstat(made)).isDirectory()) throw new CommandError(`${visible(made)} is no folder`);
  }
}

async function write(file: string, content: string | Buffer, replaces: boolean): Promise<void> {
  const there = await lstat(file).catch(() => undefined);
  if (there !== undefined) {
    const name = visible(file);
    if (!replaces)
      throw new CommandError(`${name} exists: name a folder by --out to replace files`);
    if (!there.isFile()) throw new CommandError(`${name} is no file`);
    // A file may have a second name elsewhere, which keeps its content.
    await unlink(file);
  }
  await writeFile(file, content, { flag: "wx" });
}
