import type {
  ExportAllDeclaration,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  Identifier,
  ImportDeclaration,
  Literal,
  Pattern,
  Program,
  Token,
} from "acorn";
import { parse, tokTypes } from "acorn";

/**
 * Names that a body uses besides the author's: the imported namespaces, and the function to call at
 * its end.
 */
export const IMPORTED = "__isolateImported";
export const USE = "__isolateUse";
/** Short, so that the replacement of `export default` is no longer than the original. */
const DEFAULT = "__def";

/** Replaces `import.meta`, which only modules have. Shorter than that. */
export const META = "__meta";

const SYNTAX = { sourceType: "module", ecmaVersion: "latest", allowHashBang: true } as const;

/** Module text as the body of an async function. Lines stay where they are, and mostly columns. */
export interface ModuleBody {
  readonly text: string;
  /** Imports in order. The body finds the namespaces in `IMPORTED`. */
  readonly specifiers: readonly string[];
}

/**
 * Rewrites an ES module so that it can be called. Imports become constants. Exports become getters
 * of an object, with which `USE` is called at the end. Imported bindings are not live.
 *
 * @throws {SyntaxError} for code that does not parse.
 */
export function moduleBody(code: string): ModuleBody {
  const tokens: Token[] = [];
  const onToken = code.includes("import.meta") ? { onToken: tokens } : {};
  const program = parse(code, { ...SYNTAX, ...onToken });
  const rewriting = new Rewriting(code);
  rewriting.meta(tokens);
  if (code.startsWith("#!")) rewriting.hashbang();
  rewriting.program(program);
  return rewriting.result();
}

class Rewriting {
  readonly #code: string;
  readonly #edits: { start: number; end: number; text: string }[] = [];
  readonly #specifiers: string[] = [];
  readonly #constants: string[] = [];
  readonly #exports: string[] = [];

  constructor(code: string) {
    this.#code = code;
  }

  /** Makes a comment of the first line, which is one only at the very start of a text. */
  hashbang(): void {
    this.#edits.push({ start: 0, end: 2, text: "//" });
  }

  /** Replaces each `import.meta` of the code by a variable. */
  meta(tokens: readonly Token[]): void {
    tokens.forEach(({ type, start }, index) => {
      const [dot, meta] = tokens.slice(index + 1, index + 3);
      if (type !== tokTypes._import || dot?.type !== tokTypes.dot || meta === undefined) return;
      const isMeta = this.#code.slice(meta.start, meta.end) === "meta";
      if (isMeta) this.#edits.push({ start, end: meta.end, text: META });
    });
  }

  program({ body }: Program): void {
    for (const node of body) {
      if (node.type === "ImportDeclaration") this.#import(node);
      if (node.type === "ExportNamedDeclaration") this.#named(node);
      if (node.type === "ExportDefaultDeclaration") this.#default(node);
      if (node.type === "ExportAllDeclaration") this.#all(node);
    }
  }

  result(): ModuleBody {
    let text = this.#code;
    const edits = this.#edits.sort((a, b) => a.start - b.start);
    for (const { start, end, text: by } of edits.toReversed()) {
      // Line breaks and blanks stay, so that later code keeps its position.
      const blank = text.slice(start, end).replace(/[^\n]/g, " ").slice(by.length);
      text = `${text.slice(0, start)}${by}${blank}${text.slice(end)}`;
    }
    const head = `"use strict";let ${DEFAULT};${this.#constants.join("")}`;
    const exported = `{__proto__:null,${this.#exports.join(",")}}`;
    return { text: `${head}\n${text}\n${USE}(${exported});`, specifiers: this.#specifiers };
  }

  #import(node: ImportDeclaration): void {
    const from = this.#from(node.source);
    for (const specifier of node.specifiers) {
      const { name } = specifier.local;
      const imported =
        specifier.type === "ImportNamespaceSpecifier"
          ? from
          : member(from, specifier.type === "ImportSpecifier" ? specifier.imported : "default");
      this.#constants.push(`const ${name}=${imported};`);
    }
    this.#blank(node);
  }

  #named(node: ExportNamedDeclaration): void {
    if (node.declaration) {
      this.#blank({ start: node.start, end: node.declaration.start });
      const declared =
        node.declaration.type === "VariableDeclaration"
          ? node.declaration.declarations.flatMap(({ id }) => namesOf(id))
          : [node.declaration.id.name];
      for (const name of declared) this.#export(name, name);
      return;
    }
    const from = node.source ? this.#from(node.source) : undefined;
    for (const { local, exported } of node.specifiers) {
      this.#export(exported, from === undefined ? text(local) : member(from, local));
    }
    this.#blank(node);
  }

  #default({ start, declaration }: ExportDefaultDeclaration): void {
    if ("id" in declaration && declaration.id && declaration.type.endsWith("Declaration")) {
      this.#blank({ start, end: declaration.start });
      this.#export("default", declaration.id.name);
      return;
    }
    // As a property, so that an anonymous function gets this name.
    this.#edits.push({ start, end: declaration.start, text: `${DEFAULT}={default:` });
    this.#edits.push({ start: declaration.end, end: declaration.end, text: "};" });
    this.#export("default", `${DEFAULT}.default`);
  }

  #all(node: ExportAllDeclaration): void {
    const from = this.#from(node.source);
    if (node.exported) this.#export(node.exported, from);
    // The module's own names come later, and take precedence.
    else this.#exports.unshift(`...${from},default:undefined`);
    this.#blank(node);
  }

  /** Returns an expression for the namespace of a module. */
  #from(source: Literal): string {
    this.#specifiers.push(String(source.value));
    return `${IMPORTED}[${this.#specifiers.length - 1}]`;
  }

  #export(name: Identifier | Literal | string, value: string): void {
    this.#exports.push(`get ${JSON.stringify(text(name))}(){return ${value}}`);
  }

  #blank({ start, end }: { start: number; end: number }): void {
    this.#edits.push({ start, end, text: "" });
  }
}

function member(object: string, name: Identifier | Literal | string): string {
  return `${object}[${JSON.stringify(text(name))}]`;
}

function text(name: Identifier | Literal | string): string {
  if (typeof name === "string") return name;
  return name.type === "Identifier" ? name.name : String(name.value);
}

/** Lists the variables that a pattern binds. */
function namesOf(pattern: Pattern | null): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        namesOf(property.type === "Property" ? property.value : property.argument),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap(namesOf);
    case "AssignmentPattern":
      return namesOf(pattern.left);
    case "RestElement":
      return namesOf(pattern.argument);
    default:
      return [];
  }
}
