/**
 * Prints figures of the source's structure, which CONTRIBUTING.md quotes: `node scripts/structure.mjs`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import { transform } from "sucrase";
import { SPINE } from "./spine.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const PRODUCT = ["src", "server", "cli", "console", "egress", "runner-image", "doctor"];
/** Programs that tests run, which are no modules of the tests. */
const FIXTURES = /^tests\/(programs|published)\//;
const IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/**
 * Measures the product's source.
 *
 * @returns Figures by their names, each a number or `path:line (number)`.
 */
export function structure() {
  const paths = list(PRODUCT.map((folder) => `${folder}/*.ts`)).filter((path) => !isMade(path));
  const files = new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
  const lengths = [...files].map(([path, text]) => [text.split("\n").length - 1, path]);
  lengths.sort(([a], [b]) => a - b);
  const at = (part) => lengths[Math.floor((lengths.length - 1) * part)];
  const [lines, line, longest] = longestFunction(files);
  return {
    files: files.size,
    median: at(0.5)[0],
    p90: at(0.9)[0],
    longest: { lines: at(1)[0], path: at(1)[1] },
    circles: circles(files),
    spine: SPINE.length,
    longestFunction: { lines, path: longest, line },
    tests: list(["tests/*.test.ts"]).length,
  };
}

function list(patterns) {
  const output = execFileSync("git", ["ls-files", ...patterns], { cwd: ROOT, encoding: "utf8" });
  return output.trim().split("\n");
}

/** Tells whether the build writes a file. */
function isMade(path) {
  return path.endsWith("/builtin-bundles.ts");
}

/** Returns the groups of modules of the tests and the benchmark that import each other, directly or indirectly. */
export function circlesOfTests() {
  const paths = list(["tests/*.ts", "bench/*.ts"]).filter((path) => !FIXTURES.test(path));
  const files = new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
  return circles(files, (path) => path);
}

/**
 * Returns the groups that import each other, directly or indirectly: of folders, or of what else `groupOf` makes of a path.
 */
export function circles(files, groupOf = dirname) {
  const imports = new Map();
  for (const [path, text] of files) {
    const folder = groupOf(path);
    const known = imports.get(folder) ?? new Set();
    for (const [, target] of text.matchAll(IMPORT)) {
      known.add(groupOf(posix.join(dirname(path), target)));
    }
    known.delete(folder);
    imports.set(folder, known);
  }
  const reach = new Map([...imports.keys()].map((folder) => [folder, reachable(imports, folder)]));
  const inCircle = [...reach].filter(([folder, others]) => others.has(folder));
  const groups = inCircle.map(([folder, others]) =>
    [...others]
      .filter((other) => reach.get(other)?.has(folder))
      .sort()
      .join(" "),
  );
  return [...new Set(groups)];
}

function reachable(imports, from) {
  const found = new Set();
  const open = [from];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const next of imports.get(folder) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/**
 * Returns lines, first line and path of the longest function. Inner functions count on their own.
 */
function longestFunction(files) {
  const found = [...files].flatMap(([path, text]) => {
    // Sucrase removes types and keeps the line numbers.
    const { code } = transform(text, { transforms: ["typescript"], disableESTransforms: true });
    const module = parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true });
    return functionsIn(module).map((node) => [ownLines(node), node.loc.start.line, path]);
  });
  return found.reduce((longest, each) => (each[0] > longest[0] ? each : longest));
}

function ownLines(node) {
  const inner = childrenOf(node).flatMap(functionsIn);
  return (
    linesOf(node) -
    inner.filter((each) => !isWithin(each, inner)).reduce((sum, each) => sum + linesOf(each), 0)
  );
}

function linesOf({ loc: { start, end } }) {
  return end.line - start.line + 1;
}

function isWithin(node, others) {
  return others.some(
    (other) => other !== node && other.start <= node.start && node.end <= other.end,
  );
}

function functionsIn(node) {
  const own = /Function/.test(node.type) ? [node] : [];
  return [...own, ...childrenOf(node).flatMap(functionsIn)];
}

function childrenOf(node) {
  return Object.values(node)
    .flat()
    .filter((child) => typeof child?.type === "string");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, median, p90, longest, circles, spine, longestFunction, tests } = structure();
  const { lines, path, line } = longestFunction;
  console.log(`files                ${files}
lines: median        ${median}
lines: 90th of 100   ${p90}
lines: longest       ${longest.lines}, ${longest.path}
folder circles       ${circles.length} ${circles.join(", ")}
files on the spine   ${spine}
longest function     ${lines} lines, ${path}:${line}
files of tests       ${tests}`);
}
