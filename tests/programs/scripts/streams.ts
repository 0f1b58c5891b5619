/** Reads newline-delimited JSON through streams, compresses, and totals. */
const encoder = new TextEncoder();

function source(count: number): ReadableStream<Uint8Array> {
  let i = 0;
  return new ReadableStream({
    pull(controller) {
      if (i >= count) return controller.close();
      const text = `${JSON.stringify({ id: i, amount: (i * 37) % 11, tags: i % 3 ? [] : ["x"] })}\n`;
      // Chunks end in the middle of lines.
      const bytes = encoder.encode(text);
      controller.enqueue(bytes.subarray(0, 5));
      controller.enqueue(bytes.subarray(5));
      i++;
    },
  });
}

class Lines extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}

interface Item { id: number; amount: number; tags: string[] }

export default async function main() {
  const [plain, packed] = source(50).tee();
  const zipped = await new Response(packed.pipeThrough(new CompressionStream("gzip"))).bytes();
  const text = await new Response(new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  let total = 0;
  const tagged: number[] = [];
  for await (const line of plain.pipeThrough(new TextDecoderStream()).pipeThrough(new Lines())) {
    const { id, amount, tags }: Item = JSON.parse(line);
    total += amount;
    if (tags.includes("x")) tagged.push(id);
  }
  console.log("%i lines, total %f, smaller: %s", text.trimEnd().split("\n").length, total, zipped.length < text.length);
  const body = new FormData();
  body.append("file", new File(["a,b"], "x.csv", { type: "text/csv" }));
  const file = (await new Response(body).formData()).get("file") as File;
  console.log(file.name, file.type, await file.text());
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("Too slow", "TimeoutError")), 5);
  const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
  await endless.pipeTo(new WritableStream(), { signal: controller.signal }).catch((error) => console.warn(`${error}`));
  return { total, tagged: tagged.length };
}
