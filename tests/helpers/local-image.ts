import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const FOLDERS = ["etc", "usr/bin", "var/lib/postgresql/data", "root", "tmp"];
/** Debian's folders that are links to others. */
const MERGED = ["bin", "lib", "lib64", "sbin"];
const PASSWD = `root:x:0:0::/root:/bin/sh
postgres:x:999:999::/var/lib/postgresql:/bin/sh
nobody:x:65534:65534::/:/none
`;
const GROUP = `root:x:0:
postgres:x:999:
nogroup:x:65534:
`;

export interface LocalImage {
  /** Name as `repository:tag`. */
  readonly name: string;
  /** Files and folders of this host. */
  readonly files: readonly string[];
  /** Name in `/usr/bin` → program of this host that is copied there, wherever it is. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Name in `/usr/bin` → target of the link. */
  readonly links?: Readonly<Record<string, string>>;
  /** Script, written to `/start`. */
  readonly start?: string;
  /** Instructions as in a Dockerfile. */
  readonly changes: readonly string[];
}

/** Makes an image from a Debian host's own files, with the base of any system. */
export async function importLocalImage(image: LocalImage): Promise<void> {
  const { name, files, copies = {}, links = {}, start = "#!/bin/sh\n", changes } = image;
  const directory = await mkdtemp(join(tmpdir(), "isolate-image-"));
  const at = (path: string): string => join(directory, "root", path);
  try {
    for (const folder of FOLDERS) await mkdir(at(folder), { recursive: true });
    await chmod(at("tmp"), 0o1777);
    await chmod(at(""), 0o755);
    await writeFile(at("etc/passwd"), PASSWD);
    await writeFile(at("etc/group"), GROUP);
    await writeFile(at("start"), start, { mode: 0o755 });
    const pairs = [...MERGED.map((folder) => [`usr/${folder}`, folder]), ...linked(links)];
    for (const [to = "", from = ""] of pairs) await run("ln", ["-s", to, at(from)]);
    for (const [program, from] of Object.entries(copies)) await cp(from, at(`usr/bin/${program}`));
    const list = join(directory, "list");
    const names = (await Promise.all(files.map(namesOf))).flat();
    await writeFile(list, [...new Set(names)].map((path) => path.slice(1)).join("\n"));
    const tar = `tar --create --directory=${at("")} . --directory=/ --files-from=${list}`;
    const options = changes.map((change) => `--change '${change}'`).join(" ");
    await run("sh", ["-c", `${tar} | docker import ${options} - ${name}`]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Returns programs with their shared libraries, as the loader finds them. */
export async function withLibraries(programs: readonly string[]): Promise<string[]> {
  // `ldd` fails if one of them is a script.
  const { stdout } = await run("ldd", [...programs]).catch((error: { stdout: string }) => error);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map(([, path = ""]) => path);
  return [...programs, ...new Set(libraries)];
}

function linked(links: Readonly<Record<string, string>>): string[][] {
  return Object.entries(links).map(([name, to]) => [to, `usr/bin/${name}`]);
}

/** Resolves links among a path's folders. Of a link, returns the target as well. */
async function namesOf(path: string): Promise<string[]> {
  const plain = join(await realpath(dirname(path)), basename(path));
  const isLink = (await lstat(plain)).isSymbolicLink();
  return isLink ? [plain, await realpath(plain)] : [plain];
}
