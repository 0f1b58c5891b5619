/** Tests the language of comments: a reader whose second language is English reads them once. */
import { describe, expect, it } from "vitest";
import {
  commentsIn,
  commentsOf,
  firstWordOf,
  sentencesIn,
  sourcesIn,
} from "../helpers/comments.ts";
import { wordsIn } from "../helpers/markdown.ts";

const MOST = 25;

/** Folders whose comments are held to the rules. */
const COVERED = [
  "bench",
  "bin",
  "cli",
  "console",
  "dev",
  "doctor",
  "egress",
  "runner-image",
  "scripts",
  "server",
  "src",
  "tests/container",
  "tests/contract",
  "tests/e2e",
  "tests/fakes",
  "tests/fuzz",
  "tests/helpers",
  "tests/nodes",
  "tests/process",
  "tests/programs",
  "tests/published",
  "tests/runner",
  "tests/unit",
];

const QUESTIONS = "how what when where whether which who whom whose why whatever whoever";
const PREPOSITIONS =
  "about above after against as at before behind below beside besides between beyond by " +
  "for from in into of on over since than to under until up while with within without";
const PRONOUNS =
  "anybody anything both either everybody everything he it neither nobody none nothing she " +
  "somebody something that their them there these they this those";
const PARTICIPLES = "asked being gone given had held heard known said seen told";

/**
 * Words that must not begin a doc comment. It begins with a verb or a noun, with its article or
 * number.
 */
const NOT_FIRST = new Set([QUESTIONS, PREPOSITIONS, PRONOUNS, PARTICIPLES].join(" ").split(" "));

function wrongStarts(path: string, comments = commentsIn(path)): string[] {
  return comments
    .filter((comment) => comment.isDoc && NOT_FIRST.has(firstWordOf(comment) ?? ""))
    .map(({ line, text }) => `${path}:${line} ${text.trim()}`);
}

function longSentences(path: string, comments = commentsIn(path)): string[] {
  return comments.flatMap((comment) =>
    sentencesIn(comment)
      .filter((sentence) => wordsIn(sentence) > MOST)
      .map((sentence) => `${path}:${comment.line} ${wordsIn(sentence)} words: ${sentence}`),
  );
}

describe.each(COVERED)("comments in %s", (folder) => {
  const sources = sourcesIn(folder);

  it("begin with a verb or a noun", () => {
    expect(sources.flatMap((path) => wrongStarts(path))).toEqual([]);
  });

  it(`have at most ${MOST} words a sentence`, () => {
    expect(sources.flatMap((path) => longSentences(path))).toEqual([]);
  });
});

it("are found in each folder", () => {
  for (const folder of COVERED) expect(sourcesIn(folder)).not.toEqual([]);
});

describe("a wrong start is noticed", () => {
  it.each([
    ["a question word", "/** What a job may do. */"],
    ["a preposition", "/**\n * Of the tenant.\n */"],
    ["a pronoun", "interface A {\n  /** Those that wait. */\n  readonly a: number;\n}"],
    ["a participle", "/** Told of each end. */"],
  ])("%s", (_what, source) => {
    expect(wrongStarts("a.ts", commentsOf(source))).toHaveLength(1);
  });

  it.each([
    ["a verb", "/** Reads a job. */"],
    ["a noun", "/** Bytes of a job. */"],
    ["an article", "/** A job. */"],
    ["code", "/** `what` is the text. */"],
    ["a line comment", "// What comes next."],
    ["a text", 'const a = "/** What a job may do. */";'],
    ["a template", "const a = `/** What a job may do. */`;"],
    ["a template's end", `const a = \`\${b} /** What a job may do. */\`;`],
    ["a regular expression", "const a = /[/**What]/;"],
  ])("but not %s", (_what, source) => {
    expect(wrongStarts("a.ts", commentsOf(source))).toEqual([]);
  });
});

describe("a long sentence is noticed", () => {
  const long = `${"word ".repeat(MOST)}word.`;
  const half = "word ".repeat(20);

  it.each([
    ["in a doc comment", `/** ${long} */`],
    ["over its lines", `/**\n * ${half}\n * ${half}\n */`],
    ["in a line comment", `// ${long}`],
    ["over line comments in a row", `// ${half}\n// ${half}`],
    ["behind code", `const a: Map<string, number> = new Map(); // ${long}`],
    ["in a type", `interface A<T> {\n  /** ${long} */\n  readonly a?: T | undefined;\n}`],
    ["in a tag", `/**\n * Short.\n *\n * @throws {Error} ${long}\n */`],
    ["in a tag behind an example", `/**\n * Short.\n *\n * @example a()\n * @returns ${long}\n */`],
  ])("%s", (_where, source) => {
    expect(longSentences("a.ts", commentsOf(source))).toHaveLength(1);
  });

  it.each([
    ["an example", `/**\n * Short.\n *\n * @example\n * ${half}\n * ${half}\n */`],
    ["two sentences", `/** ${half}. ${half}. */`],
    ["a list", `/**\n * - ${half}\n * - ${half}\n */`],
    ["a tag behind the text", `/**\n * ${half}\n *\n * @throws {Error} ${half}\n */`],
    ["comments behind two lines of code", `a(); // ${half}\naaa(); // ${half}`],
    ["line comments apart", `// ${half}\nconst a = 1;\n// ${half}`],
    ["a note for a tool", `// biome-ignore lint/a/b: ${long}`],
  ])("but not in %s", (_where, source) => {
    expect(longSentences("a.ts", commentsOf(source))).toEqual([]);
  });
});
