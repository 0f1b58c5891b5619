/** Packs text by Huffman's code, and back. */
interface Leaf { symbol: string; weight: number }
interface Branch { left: Tree; right: Tree; weight: number }
type Tree = Leaf | Branch;
const isLeaf = (tree: Tree): tree is Leaf => "symbol" in tree;

function build(text: string): Tree {
  const weights = new Map<string, number>();
  for (const symbol of text) weights.set(symbol, (weights.get(symbol) ?? 0) + 1);
  const trees: Tree[] = Array.from(weights, ([symbol, weight]) => ({ symbol, weight }));
  while (trees.length > 1) {
    trees.sort((a, b) => a.weight - b.weight || (isLeaf(a) && isLeaf(b) ? a.symbol.codePointAt(0)! - b.symbol.codePointAt(0)! : 0));
    const [left, right] = trees.splice(0, 2) as [Tree, Tree];
    trees.push({ left, right, weight: left.weight + right.weight });
  }
  return trees[0]!;
}

function codes(tree: Tree, prefix = "", table: Record<string, string> = {}): Record<string, string> {
  if (isLeaf(tree)) table[tree.symbol] = prefix || "0";
  else codes(tree.left, `${prefix}0`, table), codes(tree.right, `${prefix}1`, table);
  return table;
}

function pack(bits: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + Math.ceil(bits.length / 8)));
  view.setUint32(0, bits.length);
  for (let i = 0; i < bits.length; i += 8) view.setUint8(4 + i / 8, Number.parseInt(bits.slice(i, i + 8).padEnd(8, "0"), 2));
  return new Uint8Array(view.buffer);
}

function unpack(bytes: Uint8Array, tree: Tree): string {
  const length = new DataView(bytes.buffer).getUint32(0);
  let text = "";
  let at = tree;
  for (let i = 0; i < length; i++) {
    const bit = (bytes[4 + (i >> 3)]! >> (7 - (i & 7))) & 1;
    if (!isLeaf(at)) at = bit ? at.right : at.left;
    if (isLeaf(at)) {
      text += at.symbol;
      at = tree;
    }
  }
  return text;
}

export default function main(text = "she sells sea shells — 🐚🐚 by the sea shore") {
  const tree = build(text);
  const table = codes(tree);
  const packed = pack(Array.from(text, (symbol) => table[symbol]).join(""));
  console.log("%d → %d bytes", new TextEncoder().encode(text).length, packed.length);
  console.log(packed.slice(0, 8), packed.buffer.byteLength);
  console.dir(tree, { depth: 1 });
  if (unpack(packed, tree) !== text) throw new Error("Lost something");
  return Object.fromEntries(Object.entries(table).filter(([symbol]) => symbol > "\u007f"));
}
