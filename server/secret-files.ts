import { readFileSync } from "node:fs";
import { messageOf } from "../src/base/errors.ts";

/** Settings that may be given as a file, by their name with `_FILE`. */
const SECRETS = [
  "ISOLATE_ADMIN_KEY",
  "ISOLATE_SECRET_KEY",
  "ISOLATE_STORE_URL",
  "ISOLATE_STORE_DIRECT_URL",
  "DATABASE_URL",
  "ISOLATE_NPM_TOKEN",
];

export const SECRET_FILES: readonly string[] = SECRETS.map((name) => `${name}_FILE`);

/**
 * Returns the variables, with each named file's content as its setting. Drops the line break at its
 * end.
 *
 * @throws {Error} Naming the variable, without quoting the file.
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const found: NodeJS.ProcessEnv = { ...env };
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`];
    // Compose files pass an empty value for none.
    if (!path) continue;
    if (env[name]) {
      throw new Error(`Bad setting ${name}_FILE: ${name} is given as well; give one of them`);
    }
    found[name] = read(`${name}_FILE`, path);
  }
  return found;
}

function read(name: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new Error(`Bad setting ${name}: the file cannot be read: ${messageOf(error)}`);
  }
  if (text === "") throw new Error(`Bad setting ${name}: the file ${path} is empty`);
  return text;
}
