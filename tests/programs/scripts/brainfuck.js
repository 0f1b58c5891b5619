// Compiles Brainfuck to JavaScript and runs it, with output to standard output.
const PROGRAM = `
++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]
>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++.
`;

const EMIT = {
  ">": (n) => `p = (p + ${n}) % t.length;`,
  "<": (n) => `p = (p - ${n} + t.length) % t.length;`,
  "+": (n) => `t[p] += ${n};`,
  "-": (n) => `t[p] -= ${n};`,
  ".": (n) => "write(t[p]);".repeat(n),
  ",": (n) => "t[p] = read();".repeat(n),
  "[": (n) => "while (t[p]) {".repeat(n),
  "]": (n) => "}".repeat(n),
};

function compile(source) {
  let depth = 0;
  for (const [i, c] of [...source].entries()) {
    if (c === "[") depth++;
    if (c === "]" && --depth < 0) throw new SyntaxError(`Unmatched ] at ${i}`);
  }
  if (depth > 0) throw new SyntaxError(`${depth} unmatched [`);
  const body = source.replace(/[^><+\-.,[\]]/g, "").replace(/(.)\1*/g, (run, c) => EMIT[c](run.length));
  return new Function("write", "read", `const t = new Uint8Array(30000); let p = 0; ${body}`);
}

export default function main() {
  const run = compile(PROGRAM);
  const bytes = [];
  run((byte) => bytes.push(byte), () => 0);
  const text = new TextDecoder().decode(Uint8Array.from(bytes));
  process.stdout.write(text);
  console.log(run.length, typeof run, run.name);
  try {
    compile("[[-]");
  } catch (error) {
    console.error("%s", error.message);
  }
  console.log(Buffer.from(text.trim()).toString("base64"));
  return text;
}
