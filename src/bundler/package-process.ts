/** Facts about the machine as packages see them. They read many at import, and a sandbox may deny each. */

/** Name that `process` of packages gets. */
export const PROCESS = "isolate_process";
const DENO_ENV = "isolate_variables";

/** Replacements in the text of packages. */
export const PROCESS_DEFINES = {
  process: PROCESS,
  "globalThis.process": PROCESS,
  "global.process": PROCESS,
  "Deno.env": DENO_ENV,
  "globalThis.Deno.env": DENO_ENV,
} as const;

/** Tells whether a text may use these names. */
export function usesProcess(code: string): boolean {
  return code.includes(PROCESS) || code.includes(DENO_ENV);
}

/**
 * Text that defines these names, without a line break. Variables that code may read have their values.
 * Others are undefined, as if they were not set: in the runtime, reading one is an error.
 */
export const PROCESS_TEXT = `
let [${PROCESS}, ${DENO_ENV}] = ((real) => {
  const tried = (read, other) => { try { return read(); } catch { return other; } };
  const none = { __proto__: null };
  const variables = () => tried(() => real.env, none) ?? none;
  const valueOf = (own, name) => name in own ? own[name] : tried(() => variables()[name]);
  const env = new Proxy({ __proto__: null }, {
    get: valueOf,
    has: (own, name) => valueOf(own, name) !== undefined,
    set: (own, name, value) => { own[name] = String(value); tried(() => { variables()[name] = value; }); return true; },
    deleteProperty: (own, name) => { delete own[name]; tried(() => delete variables()[name]); return true; },
    ownKeys: (own) => [...new Set([...Reflect.ownKeys(own), ...tried(() => Object.keys(variables()), [])])],
    getOwnPropertyDescriptor: (own, name) => {
      const value = valueOf(own, name);
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
  });
  const others = {
    env,
    cwd: () => tried(() => real.cwd(), "/"),
    memoryUsage: (...given) => tried(() => real.memoryUsage(...given), { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    getuid: () => tried(() => real.getuid(), 65534), geteuid: () => tried(() => real.geteuid(), 65534),
    getgid: () => tried(() => real.getgid(), 65534), getegid: () => tried(() => real.getegid(), 65534),
    getgroups: () => tried(() => real.getgroups(), []),
    umask: (...given) => tried(() => real.umask(...given), 18),
  };
  const own = { __proto__: null, ...others };
  const made = real && new Proxy(real, {
    get: (target, name) => Object.hasOwn(own, name) ? own[name] : tried(() => Reflect.get(target, name, target)),
  });
  const all = {
    get: (name) => env[name], has: (name) => name in env, toObject: () => ({ ...env }),
    set: (name, value) => { env[name] = value; }, delete: (name) => { delete env[name]; },
  };
  return [made, all];
})(globalThis.process);`.replace(/\s*\n\s*/g, " ");

/** Module of the operating system's facts, with others where they are denied. */
export const OS_MODULE = `const real = globalThis.process.getBuiltinModule("node:os");
const others = {
  hostname: "localhost", release: "", version: "", machine: "", homedir: "/", tmpdir: "/tmp",
  cpus: [], networkInterfaces: {}, loadavg: [0, 0, 0], totalmem: 0, freemem: 0, uptime: 0, availableParallelism: 1,
  userInfo: { uid: -1, gid: -1, username: "", homedir: "/", shell: null },
};
const own = { ...real };
for (const [name, other] of Object.entries(others)) {
  own[name] = (...given) => { try { return real[name](...given); } catch { return other; } };
}
module.exports = own;`;
