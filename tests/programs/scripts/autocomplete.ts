/** Completes words with a trie, and corrects them by edit distance. */
class Trie {
  readonly children = new Map<string, Trie>();
  weight = 0;

  add(word: string): this {
    let node: Trie = this;
    for (const letter of word.normalize("NFC").toLowerCase()) {
      let next = node.children.get(letter);
      if (!next) node.children.set(letter, (next = new Trie()));
      node = next;
    }
    node.weight++;
    return this;
  }

  *words(prefix = ""): Generator<[word: string, weight: number]> {
    if (this.weight > 0) yield [prefix, this.weight];
    for (const [letter, child] of this.children) yield* child.words(prefix + letter);
  }

  find(prefix: string): Trie | undefined {
    return [...prefix].reduce<Trie | undefined>((node, letter) => node?.children.get(letter), this);
  }

  near(word: string, most: number): [string, number][] {
    const found: [string, number][] = [];
    const visit = (node: Trie, text: string, row: readonly number[]): void => {
      if (node.weight > 0 && row.at(-1)! <= most) found.push([text, row.at(-1)!]);
      if (Math.min(...row) > most) return;
      for (const [letter, child] of node.children) {
        const next = [row[0]! + 1];
        for (let i = 1; i < row.length; i++) {
          next.push(Math.min(next[i - 1]! + 1, row[i]! + 1, row[i - 1]! + +(word[i - 1] !== letter)));
        }
        visit(child, text + letter, next);
      }
    };
    visit(this, "", Array.from({ length: word.length + 1 }, (_, i) => i));
    return found.sort(([a, x], [b, y]) => x - y || a.localeCompare(b));
  }
}

const TEXT = `The theme of the thesis: theory and therapy. Über Ärger, über Öl.
The thermal theory is there; then they thought.`;

export default () => {
  const trie = new Trie();
  const segmenter = new Intl.Segmenter("en", { granularity: "word" });
  for (const { segment, isWordLike } of segmenter.segment(TEXT)) if (isWordLike) trie.add(segment);
  const top = [...(trie.find("the")?.words("the") ?? [])].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 4);
  console.log(top.map(([word, weight]) => `${word} (${weight})`).join(", "));
  console.log(new Map(trie.near("thery", 1)), new Map(trie.near("uber", 1)));
  console.log(trie.find("ü"));
  return { top, missing: trie.find("xyz") };
};
