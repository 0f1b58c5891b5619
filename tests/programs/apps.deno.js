/** Answers requests by the apps of a folder, as plain Deno does. Arguments: folder, origin, file of the requests. */
const [folder, origin, file] = Deno.args;
const requests = JSON.parse(Deno.readTextFileSync(file));
const HEADERS = JSON.parse(Deno.readTextFileSync(`${folder}/headers.json`));
const answers = {};
for (const [name, list] of Object.entries(requests)) {
  const { default: app } = await import(`file://${folder}/${name}.js`);
  answers[name] = [];
  for (const [method, path, headers = {}, body] of list) {
    const request = new Request(`${origin}${path}`, { method, headers, body });
    const response = await (typeof app === "function" ? app(request) : app.fetch(request));
    const kept = HEADERS.map((header) => response.headers.get(header));
    answers[name].push([response.status, ...kept, await response.text()]);
  }
}
console.log(JSON.stringify(answers));
Deno.exit(0);
