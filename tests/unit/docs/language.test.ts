import { describe, expect, it } from "vitest";
import { sentencesOf, wordsIn } from "../../helpers/markdown.ts";
import { docsPages, pageAt } from "../../helpers/pages.ts";

const MOST = 25;

function longSentences(text: string): string[] {
  return sentencesOf(text)
    .filter((sentence) => wordsIn(sentence) > MOST)
    .map((sentence) => `${wordsIn(sentence)} words: ${sentence}`);
}

describe("every sentence is short", () => {
  it.each(["README.md", "CONTRIBUTING.md", "SECURITY.md"])("in %s", (path) => {
    expect(longSentences(pageAt(path).text)).toEqual([]);
  });

  it.each(docsPages())("in $path", ({ text }) => {
    expect(longSentences(text)).toEqual([]);
  });
});

describe("a long sentence is noticed", () => {
  const long = `${"word ".repeat(MOST)}word.`;

  it.each([
    ["in a paragraph", long],
    ["after another one", `Short. ${long}`],
    ["over two lines", `${"word ".repeat(20)}\n${"word ".repeat(10)}`],
    ["in a list", `- ${long}\n- short`],
    ["in a quotation", `> ${long}`],
    ["with code in it", `\`code\` ${long}`],
  ])("%s", (_where, text) => {
    expect(longSentences(text)).toHaveLength(1);
  });

  it.each([
    ["a block of code", `\`\`\`\n${long}\n\`\`\``],
    ["a table", `| a |\n|---|\n| ${long} |`],
    ["a heading", `# ${long}`],
    ["a comment", `<!-- ${long} -->`],
    ["two list items", `- ${"word ".repeat(20)}\n- ${"word ".repeat(20)}`],
    ["a piece of code", `Say \`${long}\` here.`],
  ])("but not in %s", (_where, text) => {
    expect(longSentences(text)).toEqual([]);
  });
});
