// Prints a line diff by the longest common subsequence, in the unified manner.
const lcs = (a, b) => {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  return table;
};

function* changes(a, b) {
  const table = lcs(a, b);
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) yield [" ", a[i++], j++];
    else if (j < b.length && (i === a.length || table[i][j + 1] > table[i + 1][j])) yield ["+", b[j++]];
    else yield ["-", a[i++]];
  }
}

const words = (text) => text.split(/(?<=\s)/u);

export default function diff(before = "one\ntwo\nthree\nfour", after = "one\n2\nthree\nfour\nfünf 🙂") {
  const lines = [...changes(before.split("\n"), after.split("\n"))];
  for (const [sign, line] of lines) console.log(sign + line);
  console.log([...changes(words("the quick brown fox"), words("the slow brown dog"))].map(([s, w]) => (s === " " ? w : `[${s}${w.trim()}]`)).join(""));
  const counts = lines.reduce((all, [sign]) => ({ ...all, [sign]: (all[sign] ?? 0) + 1 }), {});
  console.log(Object.entries(counts).map(([sign, n]) => `${JSON.stringify(sign)}×${n}`).join(" "));
  console.log(new Set(lines.map(([sign]) => sign)));
  return counts;
}
