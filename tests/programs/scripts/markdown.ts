/** Turns a small part of Markdown into HTML, with a visitor over a tree. */
namespace Tree {
  export interface Node {
    kind: Kind;
    text?: string;
    children?: Node[];
  }
  export enum Kind {
    Heading = "h",
    Paragraph = "p",
    List = "ul",
    Item = "li",
    Code = "pre",
  }
}

abstract class Visitor<T> {
  abstract visit(node: Tree.Node, depth: number): T;
}

class Html extends Visitor<string> {
  constructor(private readonly indent = "  ", public count = 0) {
    super();
  }
  override visit({ kind, text, children = [] }: Tree.Node, depth = 0): string {
    this.count++;
    const pad = this.indent.repeat(depth);
    const body = children.map((child) => this.visit(child, depth + 1)).join("\n");
    return body ? `${pad}<${kind}>\n${body}\n${pad}</${kind}>` : `${pad}<${kind}>${inline(text ?? "")}</${kind}>`;
  }
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escape = (text: string): string => text.replace(/[&<>]/g, (c) => escapes[c]!);

function inline(text: string): string {
  return escape(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replace(/(?<!\*)\*(?!\*)(.+?)\*/g, "<em>$1</em>")
    .replace(/\[(?<label>[^\]]+)\]\((?<url>[^)\s]+)\)/g, '<a href="$<url>">$<label></a>');
}

function parse(text: string): Tree.Node[] {
  return text.split(/\n{2,}/).map((block): Tree.Node => {
    if (block.startsWith("# ")) return { kind: Tree.Kind.Heading, text: block.slice(2) };
    if (/^- /m.test(block)) {
      const children = block.split("\n").map((line) => ({ kind: Tree.Kind.Item, text: line.slice(2) }));
      return { kind: Tree.Kind.List, children };
    }
    if (block.startsWith("    ")) return { kind: Tree.Kind.Code, text: block.trim() } satisfies Tree.Node;
    return { kind: Tree.Kind.Paragraph, text: block.replaceAll("\n", " ") };
  });
}

export default function main(input?: string): string {
  const html = new Html();
  const source = input ?? "# A & B\n\nSome *soft* and **loud** words,\n`x < y`.\n\n- one\n- [two](https://example.com/?a=1&b=2)\n\n    code()";
  const text = parse(source).map((node) => html.visit(node)).join("\n");
  console.log(text);
  console.info(`${html.count} nodes`);
  return text;
}
