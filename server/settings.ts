import { config } from "../src/config/config.ts";
import type { ContainerHost } from "../src/engines/create.ts";
import { defaultRunDirectory } from "../src/engines/instance/run-directory.ts";
import { isLoopback } from "./http/host-check.ts";
import type { TracingOptions } from "./http/span-export.ts";
import { npmDirectory } from "./npm-directory.ts";
import { SECRET_FILES, withSecretFiles } from "./secret-files.ts";
import { VARIABLES } from "./setting-variables.ts";
import { STORAGE_OF_ONE, STORAGE_OF_TENANTS } from "./store/contract/storage.ts";
import { hasServer } from "./store/location.ts";
import { namesOf, readVariables, type Values } from "./variables.ts";

/** Names of all variables that the server reads. */
export const SETTING_NAMES: readonly string[] = [...namesOf(VARIABLES), ...SECRET_FILES];

export interface Settings extends ReturnType<typeof settingsOf> {}

/**
 * Reads the environment variables listed in docs/operate/configuration.md.
 *
 * @throws {Error} Naming the variable, for a bad value or an unknown `ISOLATE_…` name.
 */
export function readSettings(given: NodeJS.ProcessEnv): Settings {
  for (const name of Object.keys(given)) {
    if (name.startsWith("ISOLATE_") && !SETTING_NAMES.includes(name)) {
      throw new Error(
        `Unknown setting ${name}; docs/operate/configuration.md lists those there are`,
      );
    }
  }
  return settingsOf(withSecretFiles(given));
}

/** Returns the variables' values. Values that depend on several variables replace some of them. */
function settingsOf(env: NodeJS.ProcessEnv) {
  const { engine, ...given } = readVariables(VARIABLES, env);
  const { host, adminKey } = given;
  if (adminKey === undefined && !isLoopback(host)) {
    throw new Error(
      `Bad setting HOST: other machines could run code by ${host}; set ISOLATE_ADMIN_KEY first`,
    );
  }
  if (given.directUrl !== undefined && !hasServer(given.store)) {
    throw new Error(
      "Bad setting ISOLATE_STORE_DIRECT_URL: the store is a directory; set ISOLATE_STORE_URL first",
    );
  }
  if (adminKey === undefined && given.cors.includes("*")) {
    throw new Error(
      "Bad setting ISOLATE_CORS: the pages of all sites could run code; list origins, or set ISOLATE_ADMIN_KEY first",
    );
  }
  const { ISOLATE_ADMIN_KEY, ISOLATE_SECRET_KEY, ISOLATE_NPM_TOKEN } = env;
  const hidden = [ISOLATE_ADMIN_KEY, ISOLATE_SECRET_KEY, ISOLATE_NPM_TOKEN];
  const secrets = hidden.flatMap((text) => text || []);
  return {
    ...given,
    /** Access to containers; `null` runs none. */
    containers: engine === "none" ? null : (given.containers satisfies ContainerHost),
    runDirectory: given.runDirectory ?? defaultRunDirectory(env),
    storage: given.storage ?? (adminKey === undefined ? STORAGE_OF_ONE : STORAGE_OF_TENANTS),
    log: { ...given.log, secrets },
    /** Target of spans; absent for none. */
    tracing: tracingOf(given.tracing),
    config: config({
      ...given.config,
      npm: { ...given.config.npm, ...npmDirectory(given.store) },
      tenants: adminKey !== undefined,
      // Requests that name no level run, as they do where there is an engine.
      ...(engine === "none" && { sandbox: "isolated" as const }),
      queueTimeout: given.queueTimeout,
      maxMemory: Math.max(1_024, given.config.memory ?? 0),
    }),
  };
}

function tracingOf({
  endpoint,
  service,
  headers,
  tracesHeaders,
}: Values<typeof VARIABLES.tracing>): TracingOptions | undefined {
  return endpoint === undefined
    ? undefined
    : { endpoint, service, headers: { ...headers, ...tracesHeaders } };
}
