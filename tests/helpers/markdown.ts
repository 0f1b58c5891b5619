/** A block of code in a page. */
export interface Fence {
  /** Language of the block: `bash`, `json`, … */
  readonly info: string;
  readonly text: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
  /** Text of the HTML comment right before it. */
  readonly note: string | undefined;
  /** Number of headings before it. */
  readonly section: number;
}

const FENCE = /^ *```(.*)$/;
const HEADING = /^#{1,6} +(.*)$/;

/** Lists the blocks of code, in order. */
export function fencesOf(page: string): Fence[] {
  const fences: Fence[] = [];
  let open: { info: string; line: number; lines: string[] } | undefined;
  let section = 0;
  let note: string | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    const mark = FENCE.exec(line);
    if (open !== undefined) {
      if (mark === null) {
        open.lines.push(line);
        continue;
      }
      const { info, line: at, lines } = open;
      fences.push({ info, text: lines.join("\n"), line: at, note, section });
      open = undefined;
      note = undefined;
    } else if (mark !== null) {
      open = { info: mark[1]?.trim() ?? "", line: index + 1, lines: [] };
    } else {
      if (HEADING.test(line)) section += 1;
      if (line.trim() !== "") note = /^<!-- (.*) -->$/.exec(line.trim())?.[1];
    }
  }
  if (open !== undefined) throw new Error(`The block of line ${open.line} has no end`);
  return fences;
}

/** Removes blocks of code and comments from a page. Lines keep their numbers. */
export function withoutCode(page: string): string {
  let inside = false;
  const lines = page.split("\n").map((line) => {
    const isFence = FENCE.test(line);
    if (isFence) inside = !inside;
    return isFence || inside ? "" : line;
  });
  return lines.join("\n").replace(/<!--[\s\S]*?-->/g, (text) => text.replace(/[^\n]/g, ""));
}

/** Returns the anchors that GitHub makes for the headings of a page. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const counts = new Map<string, number>();
  for (const line of withoutCode(page).split("\n")) {
    const heading = HEADING.exec(line)?.[1];
    if (heading === undefined) continue;
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N} _-]/gu, "").replace(/ /g, "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** Lists the targets of a page's links, with their lines. */
export function linksOf(page: string): { target: string; line: number }[] {
  return withoutCode(page)
    .split("\n")
    .flatMap((text, index) =>
      [...text.replace(/`[^`]*`/g, "x").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({
        target,
        line: index + 1,
      })),
    );
}

/**
 * Lists the sentences of a page's prose. Headings, tables, code and targets of links are left out.
 */
export function sentencesOf(page: string): string[] {
  const lines = withoutCode(page).split("\n");
  const blocks: string[] = [];
  let block: string[] = [];
  const close = (): void => {
    if (block.length > 0) blocks.push(block.join(" "));
    block = [];
  };
  for (const line of lines) {
    const text = line.trim().replace(/^> ?/, "");
    if (text === "" || HEADING.test(text) || text.startsWith("|")) {
      close();
      continue;
    }
    const item = /^(?:[-*+]|\d+\.) +(.*)$/.exec(text);
    if (item) close();
    block.push(item?.[1] ?? text);
  }
  close();
  return blocks.flatMap((text) =>
    text
      .replace(/(`+).*?\1/g, "code")
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[*_]{2}/g, "")
      .split(/(?<=[.!?][)"”]?)\s+/)
      .filter((sentence) => sentence !== ""),
  );
}

/** Counts words. A piece of code is one. */
export function wordsIn(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
