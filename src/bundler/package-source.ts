/** Prepares a JavaScript file of a package for the bundler. It runs in a confined process. */
import { posix } from "node:path";
import { parse } from "acorn";
import picomatch from "picomatch";
import { withDynamicCalls } from "./dynamic-calls.ts";
import { withAssetUrls } from "./package-assets.ts";
import { withOwnCrypto } from "./package-crypto.ts";
import { filesRead } from "./package-files.ts";
import type { PackageTree } from "./package-tree.ts";

export type ModuleFormat = "esm" | "commonjs";

const STATEMENT =
  /^[ \t]*(?:import\b(?!\s*\()|export\b)|[;}]\s*(?:import\b\s*["'{*\w]|export\b\s*[{*\w])/m;
const OWN_REQUIRE =
  /\b(?:const|let|var)\s+([\w$]*require[\w$]*)\s*=\s*(?:[\w$]+\.)?\w*[cC]reateRequire\w*\s*\(\s*import\.meta\.(?:url|filename)\s*\)/gi;
const UMD = /\bfunction\s*\(\s*require\s*,\s*exports\s*[,)]/g;
const META = /\bimport\.meta\b/g;
const PLACE = /\b__(?:dirname|filename)\b/;
const META_LENGTH = "import.meta".length;

/** Finds out whether a file is an ES module, as the runtime does: by its name, package or syntax. */
export function formatOf(path: string, tree: PackageTree): ModuleFormat {
  if (/\.m[jt]s$/.test(path)) return "esm";
  if (/\.c[jt]s$/.test(path)) return "commonjs";
  const type = tree.packageOf(path)?.manifest.type;
  if (type === "module") return "esm";
  if (type === "commonjs") return "commonjs";
  const text = new TextDecoder().decode(tree.bytes(path));
  return STATEMENT.test(text) && hasStatements(text) ? "esm" : "commonjs";
}

/** Prepares the text of a file. Lines stay; a column may move on the line of what is replaced. */
export function preparedSource(path: string, tree: PackageTree, format: ModuleFormat): string {
  const file = path.slice(1);
  const given = new TextDecoder().decode(tree.bytes(path));
  const isCommonJs = format === "commonjs";
  const text = withOwnCrypto(withDynamicCalls(isCommonJs ? withoutUmd(given) : given, file));
  const assetsOf = (code: string): string[] =>
    filesRead(path, code, tree).map((asset) => JSON.stringify(`isolate:asset${asset}`));
  if (isCommonJs) {
    const required = assetsOf(given).map((asset) => `require(${asset});`);
    return afterHashbang(text, placeOf(given, path) + required.join(""));
  }
  const plain = withoutOwnRequire(text);
  const withUrls = withAssetUrls(plain, path, tree);
  const assets = assetsOf(withUrls.text).map((asset) => `import ${asset};`);
  const imports = [...withUrls.imports, ...assets];
  const meta = `_${"m".repeat(META_LENGTH - 1)}`;
  const whole = withUrls.text.replace(META, meta);
  if (whole !== withUrls.text) {
    imports.push(`import { meta as ${meta} } from ${JSON.stringify(`isolate:meta${path}`)};`);
  }
  return imports.length === 0 ? whole : `${whole}\n${imports.join("\n")}`;
}

/**
 * Empties declarations of a `require` that Node makes for the file, so that the bundler finds packages
 * and files by its calls.
 */
function withoutOwnRequire(text: string): string {
  const names = new Set<string>();
  const emptied = text.replace(OWN_REQUIRE, (declaration: string, name: string) => {
    names.add(name);
    return declaration.replace(/\S/g, " ");
  });
  let plain = emptied;
  for (const name of names) {
    if (name === "require") continue;
    const own = name.replaceAll("$", "\\$");
    plain = plain.replace(new RegExp(`(?<![\\w$.])${own}(?![\\w$])`, "g"), "require");
  }
  return plain;
}

/**
 * Renames the parameter `require` of the function that TypeScript's UMD modules are. The bundler then sees its calls as
 * those of the module. All positions stay.
 */
function withoutUmd(text: string): string {
  return text.replace(UMD, (head) => head.replace("require", "_equire"));
}

/** Module of `import.meta` of a file. There is no such file, so reading it fails by its name. */
export function metaModule(path: string): string {
  const place = { filename: path, dirname: posix.dirname(path), main: false };
  return `const url = ${JSON.stringify(`file://${encodeURI(path)}`)};
export const meta = { url, ...${JSON.stringify(place)}, resolve: (path) => new URL(path, url).href };`;
}

/** Defines the names that a CommonJS file finds its place by. */
function placeOf(text: string, path: string): string {
  if (!PLACE.test(text)) return "";
  return `var __filename=${JSON.stringify(path)},__dirname=${JSON.stringify(posix.dirname(path))};`;
}

function afterHashbang(text: string, added: string): string {
  if (added === "") return text;
  return text.startsWith("#!") ? text.replace("\n", `\n${added}`) : `${added}${text}`;
}

function hasStatements(text: string): boolean {
  try {
    const options = { ecmaVersion: "latest", sourceType: "module", allowHashBang: true } as const;
    return parse(text, options).body.some(({ type }) => /^(Import|Export)[A-Z]\w*tion$/.test(type));
  } catch {
    return false;
  }
}

/** Tells whether importing a file has effects beside its exports, by its package.json. */
export function hasSideEffects(path: string, tree: PackageTree): boolean {
  const found = tree.packageOf(path);
  const effects = found?.manifest.sideEffects;
  if (found === undefined || !Array.isArray(effects)) return effects !== false;
  const relative = posix.relative(found.directory, path);
  return effects.some((glob) => typeof glob === "string" && matches(relative, glob));
}

function matches(path: string, glob: string): boolean {
  const plain = glob.replace(/^\.\//, "");
  const anywhere = plain.includes("/") ? plain : `**/${plain}`;
  return picomatch.isMatch(path, anywhere);
}
