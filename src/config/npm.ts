import { z } from "zod";

/** Rules for packages with known security faults. */
export const ADVISORY_RULES = ["off", "warn", "refuse"] as const;
/** Packages that an execution may have: any, those of prepared sets, or none. */
export const EXECUTE_RULES = ["any", "prepared", "none"] as const;

const MAX_AGE = 3_650;
const MAX_GLOBS = 1_000;
const MAX_GLOB = 214;

/** Globs of packages' names. */
export const packageGlobs = z
  .array(z.string().min(1).max(MAX_GLOB))
  .max(MAX_GLOBS)
  .meta({ description: "Globs of names, such as `@acme/*`" });

/** Rules for packages, which the operator and each tenant may have. */
export const packageRules = {
  /** Globs; a package needs one of them. Default: every package. */
  allow: packageGlobs.optional(),
  /** Globs of refused packages. Default: none. */
  deny: packageGlobs.optional(),
  /** Days since a version was published. Default 0. */
  minimumAge: z.int().min(0).max(MAX_AGE).optional().meta({ description: "Days" }),
  advisories: z.enum(ADVISORY_RULES).optional(),
  execute: z
    .enum(EXECUTE_RULES)
    .optional()
    .meta({ description: "Packages of executions: any, those of prepared sets, or none" }),
};

/** Schema of a registry's URL. Its errors never quote the URL, which may hold a password. */
export const registryUrl = z.string().transform((text, context) => {
  try {
    const { protocol, username, password, search, hash, href } = new URL(text);
    if (protocol !== "https:" && protocol !== "http:") throw new Error("Expected an https URL");
    if (username !== "" || password !== "") throw new Error("Give the token apart from the URL");
    if (search !== "" || hash !== "") throw new Error("Expected a URL without ? and #");
    return href.replace(/\/$/, "");
  } catch (error) {
    const isOurs = error instanceof Error && !(error instanceof TypeError);
    context.addIssue(isOurs ? error.message : "Not a URL");
    return z.NEVER;
  }
});

/** Schema of a registry's token, which goes into a header. */
export const registryToken = z
  .string()
  .regex(/^[!-~]{1,4096}$/, "Expected up to 4096 characters, no spaces");

/** Settings of packages. */
export const npmConfig = z.strictObject({
  /** Registry of packages. Default: none, and no packages. */
  registry: registryUrl.optional(),
  /** Secret that the registry wants. No sandbox and no log has it. */
  token: registryToken.optional(),
  /** Registry for `jsr:` packages in the form of npm's. Default: none. */
  jsr: registryUrl.optional(),
  /** Directory of the files of packages. Default: a temporary one. */
  directory: z.string().min(1).optional(),
  /** Most bytes of that directory. */
  cacheBytes: z.int().min(1_048_576).default(1_073_741_824),
  ...packageRules,
  /** Packages with known security faults, if the registry tells. */
  advisories: packageRules.advisories.unwrap().default("warn"),
});

export type NpmConfig = z.output<typeof npmConfig>;
