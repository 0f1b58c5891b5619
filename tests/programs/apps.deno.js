/** Answers requests by the apps of a folder, served by plain Deno. Arguments: folder, origin, file of the requests. */
const [folder, origin, file] = Deno.args;
const requests = JSON.parse(Deno.readTextFileSync(file));
const HEADERS = JSON.parse(Deno.readTextFileSync(`${folder}/headers.json`));
const answers = {};
for (const [name, list] of Object.entries(requests)) {
  const { default: app } = await import(`file://${folder}/${name}.js`);
  const handler = typeof app === "function" ? app : (request) => app.fetch(request);
  // The URL of the server that the app is compared with, because some answers contain it.
  const serve = (request) =>
    handler(new Request(request.url.replace(/^http:..[^/]*/, origin), request));
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, serve);
  answers[name] = [];
  for (const [method, path, headers = {}, body] of list) {
    const url = `http://127.0.0.1:${server.addr.port}${path}`;
    const response = await fetch(url, { method, headers, body, redirect: "manual" });
    const kept = HEADERS.map((header) => response.headers.get(header));
    answers[name].push([response.status, ...kept, await response.text()]);
  }
  await server.shutdown();
}
console.log(JSON.stringify(answers));
Deno.exit(0);
