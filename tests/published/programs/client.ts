/** A client of the HTTP API that brings its own types, and needs nothing but `fetch`. */
interface Call {
  code: string;
  input?: unknown;
  entry?: string;
  timeout?: number;
  tools?: string[];
  permissions?: Record<string, unknown>;
}

interface Answer {
  ok: boolean;
  result?: unknown;
  logs?: Array<{ level: string; message: string; timestamp: number }>;
  duration: number;
}

async function send(call: Call): Promise<Answer> {
  const answer = await fetch("http://localhost:8787/execute", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(call),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.json();
}

const code = `export default async (id) => {
  const found = await db.users.findUnique({ where: { id } });
  return { id: found.id, name: found.name };
}`;
const tools = ["database"];
const { result, duration } = await send({ code, input: 123, tools, timeout: 20_000 });
console.log("found", result, "in", duration, "ms");

const refused = await send({ code: "", tools: ["nope"] }).catch(({ message }: Error) => message);
console.log("refused:", refused);

export {};
