/** Tests all TypeScript in the docs: its types, and the output of programs that use the library. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isText } from "../helpers/answers.ts";
import { DocsProject, programsOf } from "../helpers/docs-typescript.ts";
import { docsPages, pageAt } from "../helpers/pages.ts";

/** Programs of the client need a server, so docs-commands.test.ts runs them. */
const NEEDS_SERVER = /"isolate\/client"/;

const pages = [pageAt("README.md"), ...docsPages()]
  .map((page) => ({ page, path: page.path, programs: programsOf(page) }))
  .filter(({ programs }) => programs.length > 0);

const nameOf = (index: number): string => `program-${index}.ts`;

describe.each(pages)("$path", ({ programs }) => {
  let project: DocsProject;
  beforeAll(async () => {
    project = await DocsProject.create();
    for (const [index, { text, file }] of programs.entries()) {
      await project.write(file ?? nameOf(index), text);
    }
  });
  afterAll(() => project.remove());

  it("has TypeScript that compiles", async () => {
    const names = programs.map(({ file }, index) => file ?? nameOf(index));
    expect(await project.check(names)).toBe("");
  });

  const runnable = programs
    .map((program, index) => ({ ...program, index }))
    .filter(({ text, file }) => file === undefined && !NEEDS_SERVER.test(text));

  it.each(runnable)("prints what $at says", async ({ index, printed }) => {
    expect(printed).not.toBe("");
    const actual = await project.run(nameOf(index));
    expect(isText(printed, actual), actual).toBe(true);
  });
});

it("types that are wrong are noticed", async () => {
  const project = await DocsProject.create();
  await project.write("a.ts", 'import { config } from "isolate"; config({ timeuot: 1 });');
  expect(await project.check(["a.ts"])).toContain("timeuot");
  await project.remove();
});
