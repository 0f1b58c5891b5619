import { type Client, createClient } from "../../src/client/client.ts";
import type { Args, Context, Values } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { type Profile, readProfiles } from "./profiles.ts";

const URL_WITHOUT_ANY = "http://127.0.0.1:8787";

/** Flags of all commands that ask a server. */
export const SERVER_FLAGS = {
  url: { type: "string", description: "URL of the server", valueHint: "url" },
  profile: { type: "string", description: "Profile of `isolate login`", valueHint: "name" },
  json: { type: "boolean", description: "JSON on standard output" },
} as const satisfies Args;

export type ServerFlags = Values<typeof SERVER_FLAGS>;

/** Makes the client for the server that flags, variables or a profile name. */
export async function clientFor(flags: ServerFlags, context: Context): Promise<Client> {
  return createClient(await serverOf(flags, context.env));
}

/**
 * Returns the server that flags, variables or a profile name, in this order. A profile's key goes to no
 * other server than the profile's.
 */
export async function serverOf(
  { url, profile }: Pick<ServerFlags, "url" | "profile">,
  env: NodeJS.ProcessEnv,
): Promise<Profile> {
  const kept = await profileOf(profile, env);
  // A profile that is named goes before the variables: somebody has asked for it.
  const given = url ?? (profile === undefined ? env.ISOLATE_URL || undefined : undefined);
  const target = given ?? kept?.url ?? URL_WITHOUT_ANY;
  if (!URL.canParse(target) || !/^https?:/.test(target)) {
    throw new UsageError(`"${target}" is no URL such as ${URL_WITHOUT_ANY}`);
  }
  const own = kept !== undefined && isSame(kept.url, target) ? kept.key : undefined;
  const key = profile === undefined ? env.ISOLATE_KEY || own : own;
  return { url: target, key };
}

async function profileOf(
  name: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Profile | undefined> {
  const { current, profiles } = await readProfiles(env);
  const found = profiles[name ?? current];
  if (name === undefined || found !== undefined) return found;
  const known = Object.keys(profiles).join(", ") || "none";
  throw new UsageError(`There is no profile "${name}": there are ${known}`);
}

function isSame(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}
