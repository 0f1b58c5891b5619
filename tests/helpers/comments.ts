import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Comment as AcornComment, tokenizer } from "acorn";
import { sentencesOf } from "./markdown.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Notes for tools. They are no prose. */
const FOR_TOOLS = /^\s*(biome-ignore|@ts-|@vite-|v8 ignore)/;

/** A comment of a source. Line comments on consecutive lines are one comment. */
export interface SourceComment {
  readonly line: number;
  readonly isDoc: boolean;
  readonly text: string;
}

/** Lists the sources in a folder, relative to the project's root. A file is its own list. */
export function sourcesIn(path: string): string[] {
  const isSource = (name: string): boolean =>
    /\.(ts|mts|js|mjs)$/.test(name) && !name.includes("node_modules");
  if (isSource(path)) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, encoding: "utf8" })
    .filter(isSource)
    .map((name) => join(path, name));
}

/** Reads the comments of a source. Texts and regular expressions with `//` in them are none. */
export function commentsIn(path: string): SourceComment[] {
  return commentsOf(readFileSync(join(ROOT, path), "utf8"));
}

/** Finds comments by acorn's tokenizer, which needs no grammar and so reads types as well. */
export function commentsOf(source: string): SourceComment[] {
  const found: AcornComment[] = [];
  const code = source.replace(/^#!.*/, "");
  const options = { ecmaVersion: "latest", sourceType: "module", locations: true } as const;
  for (const _ of tokenizer(code, { ...options, onComment: found }));
  const comments: SourceComment[] = [];
  let end = { line: 0, column: 0 };
  for (const { type, value, loc } of found) {
    if (FOR_TOOLS.test(value)) continue;
    const { start = { line: 0, column: 0 }, end: last = start } = loc ?? {};
    const isBlock = type === "Block";
    const previous = comments.at(-1);
    const isNext = end.line === start.line - 1 && end.column === start.column;
    if (!isBlock && previous !== undefined && isNext) {
      comments[comments.length - 1] = { ...previous, text: `${previous.text}\n${value}` };
    } else {
      const text = isBlock ? value.replace(/^\s*\* ?/gm, "") : value;
      comments.push({ line: start.line, isDoc: isBlock && value.startsWith("*"), text });
    }
    end = { line: isBlock ? 0 : last.line, column: start.column };
  }
  return comments;
}

/** Splits a comment into sentences. Each tag begins one, and examples are left out. */
export function sentencesIn({ text }: SourceComment): string[] {
  const prose = text.replace(/^\s*@example[\s\S]*?(?=^\s*@(?!example)|$(?![\s\S]))/gm, "");
  return sentencesOf(prose.replace(/^\s*@/gm, "- @"));
}

/** Returns the first word of a comment in lower case; `undefined` for code, a quotation or a tag. */
export function firstWordOf({ text }: SourceComment): string | undefined {
  return /^\s*([A-Za-z]+)/.exec(text)?.[1]?.toLowerCase();
}
