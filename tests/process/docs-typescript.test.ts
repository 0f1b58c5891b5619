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

let project: DocsProject;
beforeAll(async () => {
  project = await DocsProject.create();
  for (const { name, text } of programs) await project.write(name, text);
});
afterAll(() => project.remove());

it("compiles all of it", async () => {
  expect(await project.check(programs.map(({ name }) => name))).toBe("");
});

const runnable = programs.filter(
  ({ text, file }) => file === undefined && !NEEDS_SERVER.test(text),
);

it.each(runnable)("prints what $at says", async ({ name, printed }) => {
  expect(printed).not.toBe("");
  const actual = await project.run(name);
  expect(isText(printed, actual), actual).toBe(true);
});

it("types that are wrong are noticed", async () => {
  await project.write("a.ts", 'import { config } from "isolate"; config({ timeuot: 1 });');
  expect(await project.check(["a.ts"])).toContain("timeuot");
});
