import { stat } from "node:fs/promises";
import type Docker from "dockerode";
import { BadRequest } from "../../base/errors.ts";
import type { Mount, Profile } from "../contract/contract.ts";
import { ProfileUnavailable } from "../pool/profile-unavailable.ts";
import { call, engineStatus } from "./docker.ts";
import { bind } from "./flags.ts";

const ASK_WITHIN = 3_000;

/** Lists the operator's mounts whose source does not exist, as `isThere()` sees it. */
export async function missingMounts(
  mounts: Readonly<Record<string, string>>,
  docker: Docker | null,
): Promise<Mount[]> {
  const all = Object.entries(mounts).map(([target, source]) => ({ target, source }));
  const there = await Promise.all(all.map(({ source }) => isThere(source, docker)));
  return all.filter((_mount, index) => !there[index]);
}

/**
 * Checks that all sources exist.
 *
 * @param mounts Path in sandboxes → path on the host.
 * @param docker `null` for no containers.
 * @throws {BadRequest} if one does not.
 */
export async function assertMounts(
  mounts: Readonly<Record<string, string>>,
  docker: Docker | null,
): Promise<void> {
  const [missing] = await missingMounts(mounts, docker);
  if (missing !== undefined) throw new BadRequest("mounts", `Bad setting ${saidOf(missing)}`);
}

export function saidOf({ source, target }: Mount): string {
  return `ISOLATE_MOUNTS: ${source}, which is to be ${target} in sandboxes, does not exist`;
}

/**
 * Returns the error for a sandbox whose mount has lost its source; `undefined` for any other
 * refusal.
 */
export function missingMount(
  error: unknown,
  { mounts = [] }: Profile,
): ProfileUnavailable | undefined {
  const path = missingPath(error);
  const mount = mounts.find(({ source }) => source === path);
  if (mount === undefined) return undefined;
  const message = `The folder that is to be ${mount.target} does not exist on this host at present`;
  return new ProfileUnavailable(message, new Error(saidOf(mount), { cause: error }));
}

/**
 * Looks for a path on the engine's host, because this process may be in a container that sees other
 * files. Looks here if no engine answers.
 */
async function isThere(source: string, docker: Docker | null): Promise<boolean> {
  return (docker && (await isOnEngine(docker, source))) ?? isHere(source);
}

async function isOnEngine(docker: Docker, source: string): Promise<boolean | undefined> {
  // Without an image and a command the engine refuses it anyway, but checks the mount first.
  const HostConfig = { Mounts: [bind(source, "/found")] };
  const made = docker.createContainer({ Image: "", HostConfig });
  const refusal = await call("look at mounts", made, ASK_WITHIN).catch((error: unknown) => error);
  if (missingPath(refusal) !== undefined) return false;
  return engineStatus(refusal) === 400 && /no command/i.test(String(refusal)) ? true : undefined;
}

function missingPath(error: unknown): string | undefined {
  if (engineStatus(error) !== 400) return undefined;
  return /bind source path does not exist: (.*?)\s*$/s.exec(String(error))?.[1];
}

async function isHere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT" && code !== "ENOTDIR",
  );
}
