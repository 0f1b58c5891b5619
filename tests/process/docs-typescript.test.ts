/** Tests all TypeScript in the docs: its types, and the output of programs that use the library. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { isText } from "../helpers/answers.ts";
import { DocsProject, programsOf } from "../helpers/docs-typescript.ts";
import { docsPages, pageAt } from "../helpers/pages.ts";

/** Programs of the client need a server, so docs-commands.test.ts runs them. */
const NEEDS_SERVER = /"isolate\/client"/;

const programs = [pageAt("README.md"), ...docsPages()].flatMap((page, number) =>
  programsOf(page).map((program, index) => ({
    ...program,
    // A folder for each page, because pages give the same names to their files.
    name: `page-${number}/${program.file ?? `program-${index}.ts`}`,
  })),
);

const WRONG = "wrong.ts";

let project: DocsProject;
/** Faults of the compiler, by line. */
let faults: string[];
let outputs: ReadonlyMap<string, string>;
beforeAll(async () => {
  project = await DocsProject.create();
  for (const { name, text } of programs) await project.write(name, text);
  await project.write(WRONG, 'import { config } from "isolate"; config({ timeuot: 1 });');
  // At once, because the compiler reads the same types for both.
  faults = (await project.check([...programs.map(({ name }) => name), WRONG])).split("\n");
  outputs = await project.runAll(runnable.map(({ name }) => name));
});
afterAll(() => project.remove());

it("compiles all of it", () => {
  expect(faults.filter((line) => /^\S/.test(line) && !line.startsWith(WRONG))).toEqual([]);
});

const runnable = programs.filter(
  ({ text, file }) => file === undefined && !NEEDS_SERVER.test(text),
);

it.each(runnable)("prints what $at says", ({ name, printed }) => {
  expect(printed).not.toBe("");
  const actual = outputs.get(name) ?? "";
  expect(isText(printed, actual), actual).toBe(true);
});

it("types that are wrong are noticed", () => {
  expect(faults.join("\n")).toMatch(/^wrong\.ts.*timeuot/m);
});
