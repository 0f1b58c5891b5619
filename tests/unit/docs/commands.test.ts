/** Tests the docs' commands that are not run: each gives a reason, and names existing things. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandsOf } from "../../helpers/docs-commands.ts";
import { fencesOf } from "../../helpers/markdown.ts";
import { docsPages, type Page, pageAt, ROOT } from "../../helpers/pages.ts";

/** Languages of blocks. Commands are always `bash`, so that none is overlooked. */
const LANGUAGES = ["bash", "json", "python", "text", "ts", "yaml"];
/** Number of commands that are not run. Change it only with a reason: most commands can run. */
const NOT_RUN = 25;

const pages = [pageAt("README.md"), pageAt("CONTRIBUTING.md"), ...docsPages()];
const notRun = pages.flatMap(commandsOf).filter((command) => command.notRun !== undefined);

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const commandLine = readFileSync(join(ROOT, "server/cli/doctor.ts"), "utf8");

/** Lists scripts, files and options in commands that do not exist. */
function missingIn(script: string): string[] {
  const named = [...script.matchAll(/npm (?:run )?([a-z][\w:]*)/g)].map(([, name = ""]) => name);
  const files = [...script.matchAll(/(?<![\w/.$-])(?:[\w-]+\/)*[\w-]+\.(?:ya?ml|m?js|ts)\b/g)];
  const options = [...script.matchAll(/doctor -- --([\w-]+)/g)].map(([, name = ""]) => name);
  return [
    ...named.filter((name) => !(name in scripts)),
    ...files.map(([path]) => path).filter((path) => !existsSync(join(ROOT, path))),
    ...options.filter((name) => !new RegExp(`\\b${name}: \\{`).test(commandLine)),
  ];
}

function unknownLanguages({ path, text }: Page): string[] {
  return fencesOf(text)
    .filter(({ info }) => !LANGUAGES.includes(info))
    .map(({ line, info }) => `${path}:${line} ${info}`);
}

it("all blocks are of a known language", () => {
  expect(pages.flatMap(unknownLanguages)).toEqual([]);
});

describe("a command that is not run", () => {
  it("is one of a few", () => {
    expect(notRun).toHaveLength(NOT_RUN);
    expect(pages.flatMap(commandsOf).length - NOT_RUN).toBeGreaterThan(50);
  });

  it.each(notRun)("names what there is, at $at", ({ script }) => {
    expect(missingIn(script)).toEqual([]);
  });

  it.each([
    ["npm run none", ["none"]],
    ["npm none", ["none"]],
    ["docker compose -f none.yaml up", ["none.yaml"]],
    ["node scripts/none.mjs", ["scripts/none.mjs"]],
    ["npm run doctor -- --none", ["none"]],
    ["ISOLATE_POOL_MIN=4 npm start", []],
    ["npm run doctor -- --json && docker compose -f compose.yaml up", []],
  ])("is looked through: %s", (script, missing) => {
    expect(missingIn(script)).toEqual(missing);
  });
});

it("a block without a reason is run", () => {
  const text = "```bash\nnpm start\n```\n\n<!-- not run: stays -->\n```bash\nnpm start\n```";
  expect(commandsOf({ path: "x.md", text }).map((command) => command.notRun)).toEqual([
    undefined,
    "stays",
  ]);
});
