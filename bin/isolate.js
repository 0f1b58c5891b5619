#!/usr/bin/env node
import "./environment.js";
import { existsSync } from "node:fs";

const program = new URL("../dist/server/cli.js", import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  console.error("Isolate is not built: run `npm run build`");
  process.exitCode = 1;
}
