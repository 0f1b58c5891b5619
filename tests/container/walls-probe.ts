/** Input of code that looks for a way out of its sandbox without the proxy. */
export interface Search {
  /** Paths of sockets that a walk over the file system may miss. */
  readonly guesses: readonly string[];
  /** Name of a file of the host, and paths it might have. */
  readonly file: string;
  readonly files: readonly string[];
  /** Address of a web server; next, of a name server. */
  readonly web: string;
  readonly names: string;
}

export interface Found {
  /** Paths of the sockets that a walk over the whole file system found. */
  readonly sockets: readonly string[];
  /** Answers to a request for `up.test` by path of the socket, found or guessed. */
  readonly through: Readonly<Record<string, string>>;
  /** Paths at which the file could be read. */
  readonly files: readonly string[];
  /** Results of its own packets. */
  readonly packets: Readonly<Record<"web" | "names", string>>;
}

/** Code whose input is a `Search` and whose result is a `Found`. */
export const SEARCH = `
  const said = (work) => work().catch((error) => error.name);
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms, "Silence"));

  /** Sends requests in every protocol a socket might understand, and takes the first answer. */
  async function ask(address) {
    const connection = await Deno.connect(address);
    const hear = async () => {
      const bytes = new Uint8Array(4096);
      const count = await Promise.race([connection.read(bytes), sleep(2000)]);
      return new TextDecoder().decode(bytes.subarray(0, count || 0));
    };
    const say = (text) => connection.write(new TextEncoder().encode(text + "\\r\\n\\r\\n"));
    try {
      await say("GET " + (address.path?.includes("docker") ? "" : "http://up.test") +
        "/_ping HTTP/1.1\\r\\nHost: up.test\\r\\nConnection: close");
      let answer = await hear();
      // An admin socket's answer is a line of JSON, and leaves the connection open.
      for (let more = answer; more !== "" && !answer.endsWith("}\\n"); answer += more) more = await hear();
      return answer;
    } finally {
      connection.close();
    }
  }
  async function askNames(ipAddr) {
    const answer = await Deno.resolveDns("imds.test", "A", { nameServer: { ipAddr, port: 53 } });
    return answer.join();
  }

  export default async ({ guesses, file, files, web, names }) => {
    const sockets = [];
    const read = [];
    const tryFile = (path) => said(() => Deno.readTextFile(path).then(() => read.push(path)));
    async function visit(directory) {
      let entries = [];
      try {
        entries = [...Deno.readDirSync(directory || "/")];
      } catch {}
      for (const { name, isDirectory } of entries) {
        const path = directory + "/" + name;
        if (isDirectory && path !== "/proc" && path !== "/sys") await visit(path);
        else if (name === file) await tryFile(path);
        else if (Deno.lstatSync(path).isSocket) sockets.push(path);
      }
    }
    await visit("");
    for (const path of files) await tryFile(path);
    const through = {};
    for (const path of new Set([...sockets, ...guesses])) {
      through[path] = await said(() => ask({ transport: "unix", path }));
    }
    const packets = {
      web: await said(() => ask({ hostname: web, port: 80 })),
      names: await said(() => askNames(names)),
    };
    return { sockets: sockets.sort(), through, files: [...new Set(read)], packets };
  };`;
