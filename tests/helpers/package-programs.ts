/** Programs that use the package by each of its exports, with the JSON that they print. */
export const PACKAGE_PROGRAMS: Readonly<Record<string, readonly [text: string, printed: unknown]>> =
  {
    ".": [
      `import { config, createIsolate, detect, type Tool } from "isolate";
       const tool: Tool = { name: "x", description: "an x", setup: () => {} };
       print([typeof createIsolate, config().port, detect("none").wild, tool.description]);`,
      ["function", 8787, false, "an x"],
    ],
    "./kernel": [
      `import { create, createIsolate, type Isolate } from "isolate/kernel";
       const make: () => Promise<Isolate> = create;
       print(make === createIsolate);`,
      true,
    ],
    "./config": [
      `import { type Config, config, DEFAULT_CONFIG } from "isolate/config";
       const settings: Config = config({ crypto: { subtle: false, limit: 1024 }, strict: true });
       const { maxSize, timeout, port, strict, audit } = DEFAULT_CONFIG;
       print([settings.crypto.limit, settings.strict, { maxSize, timeout, port, strict, audit }]);`,
      [1024, true, { maxSize: 100_000, timeout: 3000, port: 8787, strict: false, audit: false }],
    ],
    "./types": [
      `import type { Context, IsolatePlugin, Logger, Output, Perms, Process, Request } from "isolate/types";
       const seen: Process[] = [];
       const lengths: number[] = [];
       const logger: Logger = { filter: (logs, { minLevel = "log" } = {}) => logs.filter(({ level }) => level !== minLevel) };
       const plugin: IsolatePlugin = {
         name: "custom", required: ["guard"],
         setup(api) {
           api.onValidate.tap(async (request: Request) => { lengths.push(request.code.length); return request; });
           api.onSpawn.tap((process) => void seen.push(process));
           api.onExecute.tap(async (context: Context) => context);
           api.onFormat.tap((output: Output) => ({ ...output, logs: output.logs?.slice(-100) ?? [] }));
           api.onLogger.tap(() => logger);
         },
       };
       const perms: Perms = { net: ["api.example.com"] };
       print([plugin.name, perms]);`,
      ["custom", { net: ["api.example.com"] }],
    ],
    "./plugins": [
      `import * as plugins from "isolate/plugins";
       const all: readonly plugins.IsolatePlugin[] = [plugins.SandboxPlugin, plugins.ClusterPlugin];
       print([Object.keys(plugins).length, all.map(({ name }) => name)]);`,
      [9, ["sandbox", "cluster"]],
    ],
    "./tools": [
      `import { build, defaults, registry, setup, type Tool } from "isolate/tools";
       const clock: Tool = { name: "clock", setup: (globals) => { globals.clock = 1; } };
       const globals: Record<string, unknown> = {};
       await setup([clock], globals);
       print([Object.keys(defaults), Object.keys(registry([...build(), clock])), globals]);`,
      [["crypto", "channel", "database"], ["crypto", "channel", "database", "clock"], { clock: 1 }],
    ],
    "./common": [
      `import { inject, lazy, provide, proxy, reset } from "isolate/common";
       const globals: Record<string, unknown> = {};
       inject(globals, "KEY", "secret");
       provide(globals, { foo: 1, bar: 2 });
       reset(globals, ["foo"]);
       const view: { readonly a: number } = proxy({ a: 1, b: 2 }, { whitelist: ["a"] });
       print([globals, view, lazy(() => new Set([1])).has(1)]);`,
      [{ KEY: "secret", foo: 1 }, { a: 1 }, true],
    ],
    "./common/inject": [
      `import { inject } from "isolate/common/inject";
       const globals = {};
       inject(globals, "a", 1);
       print(globals);`,
      { a: 1 },
    ],
    "./common/lazy": [
      `import { lazy } from "isolate/common/lazy";
       print(lazy(() => ({ a: 1 })).a);`,
      1,
    ],
    "./common/proxy": [
      `import { proxy } from "isolate/common/proxy";
       print(proxy({ a: 1 }));`,
      { a: 1 },
    ],
    "./permissions": [
      `import { detect, merge, normalize, parse, validate } from "isolate/permissions";
       print([detect, merge, normalize, parse, validate].map((helper) => typeof helper));`,
      ["function", "function", "function", "function", "function"],
    ],
    "./permissions/merger": [
      `import { merge } from "isolate/permissions/merger";
       print(merge({ env: ["A"], net: ["host1"] }, { env: ["B"], net: ["host2"] }));`,
      { env: ["A", "B"], net: ["host1", "host2"] },
    ],
    "./permissions/parser": [
      `import { parse } from "isolate/permissions/parser";
       print(parse("postgres://user@localhost:5432/db"));`,
      "localhost:5432",
    ],
    "./permissions/detector": [
      `import { detect } from "isolate/permissions/detector";
       print(detect({ net: ["*", "localhost"] }));`,
      { wild: true, hosts: 2, local: true },
    ],
    "./permissions/validator": [
      `import { validate } from "isolate/permissions/validator";
       print([validate({ net: ["*"] }, true), validate({ net: ["*"] }, false)]);`,
      [["[Strict] Wildcard permission detected"], []],
    ],
    "./permissions/normalizer": [
      `import { normalize } from "isolate/permissions/normalizer";
       print(normalize({ net: ["b", "a", "b"] }).net);`,
      ["a", "b"],
    ],
    "./client": [
      `import { createClient } from "isolate/client";
       print(typeof createClient({ url: "http://127.0.0.1:8787" }).execute);`,
      "function",
    ],
  };
