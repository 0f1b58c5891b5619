import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandError } from "../command/errors.ts";

/** A server with a key, under a name. */
export interface Profile {
  readonly url: string;
  readonly key?: string | undefined;
}

export interface Profiles {
  /** Name of the profile that is used where none is named. */
  readonly current: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

const NONE: Profiles = { current: "default", profiles: {} };
const OWNER_ONLY = 0o600;

/** Returns the path of the file with the profiles. */
export function profilesPath({ XDG_CONFIG_HOME, HOME }: NodeJS.ProcessEnv): string {
  const folder = XDG_CONFIG_HOME || join(HOME || homedir(), ".config");
  return join(folder, "isolate/config.json");
}

/** Reads the profiles. There are none without a file. */
export async function readProfiles(env: NodeJS.ProcessEnv): Promise<Profiles> {
  const path = profilesPath(env);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NONE;
    throw error;
  }
  const read = parsed(text);
  if (read === undefined) throw new CommandError(`${path} cannot be read: mend it, or delete it`);
  return read;
}

/** Keeps a profile and makes it the current one. The file is its owner's alone. */
export async function writeProfile(
  env: NodeJS.ProcessEnv,
  name: string,
  profile: Profile,
): Promise<string> {
  const path = profilesPath(env);
  const { profiles } = await readProfiles(env);
  const all: Profiles = { current: name, profiles: { ...profiles, [name]: profile } };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(all, undefined, 2)}\n`, { mode: OWNER_ONLY });
  await chmod(fresh, OWNER_ONLY);
  await rename(fresh, path);
  return path;
}

function parsed(text: string): Profiles | undefined {
  try {
    const { current, profiles } = JSON.parse(text) as Partial<Profiles>;
    const isRight = Object.values(profiles ?? {}).every(({ url }) => URL.canParse(url));
    if (typeof current !== "string" || profiles === undefined || !isRight) return undefined;
    return { current, profiles: Object.assign(Object.create(null), profiles) };
  } catch {
    return undefined;
  }
}
