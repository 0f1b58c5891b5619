/** Packages with native code → what does the same without it. */
const INSTEAD = new Map([
  ["argon2", "hash-wasm"],
  ["bcrypt", "bcryptjs"],
  ["better-sqlite3", "node:sqlite"],
  ["iconv", "iconv-lite"],
  ["pg-native", "pg"],
  ["sharp", "jimp"],
  ["sqlite3", "node:sqlite"],
]);

/**
 * Tells that a package has native code, and what to use instead if that is known. `name` may end with
 * a version.
 *
 * @example
 * nativeFault('"bcrypt@6.0.0"', "bcrypt@6.0.0") // '… loads: use "bcryptjs" instead'
 */
export function nativeFault(subject: string, name: string): string {
  const instead = INSTEAD.get(name.replace(/(?<=.)@.*$/, ""));
  const advice = instead === undefined ? "" : `: use "${instead}" instead`;
  return `${subject} has native code, which no sandbox loads${advice}`;
}
