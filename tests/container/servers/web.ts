/**
 * A web server for containers of the tests: `web.ts NAME NOTES`. It records every request as a line
 * of JSON in the file NOTES before it answers. The file appears once the server listens.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [name = "", notes = ""] = process.argv.slice(2);
const pem = readFileSync(new URL("up.test.pem", import.meta.url));

function serve(request: IncomingMessage, response: ServerResponse): void {
  const { url = "", headers, socket } = request;
  const note = { path: url, host: headers.host, connection: socket.remotePort };
  appendFileSync(notes, `${JSON.stringify(note)}\n`);
  const { pathname, searchParams } = new URL(url, "http://server");
  if (pathname === "/redirect") {
    response.writeHead(302, { location: searchParams.get("to") ?? "/" });
  }
  request.resume().on("end", () => response.end(`reached ${url} of ${name}`));
}

const listening = [
  createServer(serve).listen(80),
  createServer(serve).listen(8080),
  createTlsServer({ cert: pem, key: pem }, serve).listen(443),
].map((server) => new Promise((resolve) => server.once("listening", resolve)));
await Promise.all(listening);
appendFileSync(notes, "");
