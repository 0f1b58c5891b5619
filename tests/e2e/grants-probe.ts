/**
 * Code that tries every grant and leaves everything possible behind. `twice` looks for leftovers.
 */
export const TRY_EVERYTHING = `
  const said = (work) => Promise.resolve().then(work).catch((error) => error.name);
  const hear = async (connection) => {
    const bytes = new Uint8Array(4096);
    return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
  };
  async function hearAll(connection) {
    let all = "";
    for (let more = await hear(connection); more !== ""; more = await hear(connection)) all += more;
    return all;
  }
  async function tunnel(host) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
    const say = (text) => connection.write(new TextEncoder().encode(text + "\\r\\n\\r\\n"));
    await say("CONNECT " + host + " HTTP/1.1");
    const answer = await hear(connection);
    if (!answer.includes(" 200 ")) return answer;
    await say("GET /tunnel HTTP/1.1\\r\\nHost: x\\r\\nConnection: close");
    return hearAll(connection);
  }
  async function left() {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: 4000 });
    return hearAll(connection);
  }
  export default async ({ hosts, file, twice }) => {
    const seen = [];
    for (const host of hosts) {
      seen.push(await said(async () => (await fetch("http://" + host + "/fetch")).text()));
      seen.push(await said(() => tunnel(host)));
    }
    const leftovers = async () => {
      for (const name of ["X", "Y", "LEFT"]) seen.push(await said(() => Deno.env.get(name)));
      seen.push(await said(() => Deno.readTextFile(file)));
      seen.push(await said(() => Deno.readTextFile("/tmp/left")), await said(left));
    };
    await leftovers();
    seen.push(globalThis.left);
    globalThis.left = "left-behind";
    await said(() => Deno.env.set("LEFT", "left-behind"));
    await said(() => Deno.writeTextFile("/tmp/left", "left-behind"));
    await said(async () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 4000 });
      const serve = async () => {
        for await (const connection of listener) {
          await connection.write(new TextEncoder().encode("left-behind"));
          connection.close();
        }
      };
      void serve();
    });
    if (twice) await leftovers();
    return seen;
  }`;
