/** Tests the table of error codes against all codes in the source. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SETTING_NAMES } from "../../../server/settings.ts";
import { pageAt, ROOT } from "../../helpers/pages.ts";

/** Words in capitals that are no error codes: methods, signals, settings. */
const OTHERS =
  /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|SIG[A-Z]+|ISOLATE_[A-Z_]*|DATABASE_URL|E[A-Z]{4,}|JSON|UNKNOWN)$/;

function isCode(text: string): boolean {
  return !OTHERS.test(text) && !SETTING_NAMES.includes(text);
}

/** Lists the codes in the rows of a page's tables. */
function codesIn(page: string): string[] {
  const rows = page.split("\n").filter((line) => line.startsWith("|"));
  const pieces = rows.flatMap((row) => [...row.matchAll(/`([A-Z][A-Z_]+)`/g)]);
  return [...new Set(pieces.map(([, code = ""]) => code))].filter(isCode);
}

/** Finds texts in capitals, and names of properties with a status. */
function codesOf(source: string): string[] {
  const texts = [...source.matchAll(/"([A-Z][A-Z_]{3,})"/g)];
  const listed = [...source.matchAll(/^\s*([A-Z_]+): \d{3},$/gm)];
  return [...texts, ...listed].map(([, code = ""]) => code).filter(isCode);
}

/** Lists the sources that answer requests, and the classes of errors that others throw. */
function sources(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => readFileSync(join(ROOT, folder, path), "utf8"));
  const classes = below("src").filter((text) => /extends (IsolateError|FieldError)\b/.test(text));
  return [...below("server"), ...classes];
}

const inSource = [...new Set(sources().flatMap(codesOf))].sort();
const documented = codesIn(pageAt("docs/api/errors.md").text).sort();

it("docs/api/errors.md has every code of the source, and no other", () => {
  expect(documented).toEqual(inSource);
});

it("a code is found however it is written", () => {
  const source = `
    throw new HttpProblem(404, "NotFound", "NOT_FOUND", "no such path");
    readonly code = "HOST_BUSY";
    this.code = large ? "STORAGE_TOO_LARGE" : "STORAGE_FULL";
    const STATUSES = {
      TYPE_EXISTS: 409,
    };
    method: "DELETE", path: "ISOLATE_ADMIN_KEY", signal: "SIGTERM"`;
  expect(codesOf(source)).toEqual([
    "NOT_FOUND",
    "HOST_BUSY",
    "STORAGE_TOO_LARGE",
    "STORAGE_FULL",
    "TYPE_EXISTS",
  ]);
});
