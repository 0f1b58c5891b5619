/** Crawls a site, three pages at a time, within its host and robots rules. */
const SITE: Record<string, string> = {
  "/robots.txt": "User-agent: *\nDisallow: /private\n",
  "/": '<title>Home</title><a href="/a?utm=1#top">A</a> <a href="b/">B</a> <a href="mailto:x@y.z">mail</a>',
  "/a": '<title>A &amp; co</title><a href="/private/x">secret</a><a href="../b/">B</a><a href="/missing">gone</a>',
  "/b/": "<title>B</title><a href='c.html'>C</a><a href=\"https://elsewhere.example/\">away</a>",
  "/b/c.html": '<title>C</title><a href="/">Home</a>',
  "/private/x": "<title>Never</title>",
};

/** Stands where people have fetch, so that the program needs no network. */
async function get(url: URL): Promise<Response> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  const body = SITE[url.pathname];
  return body === undefined
    ? new Response("Not found", { status: 404, statusText: "Not Found" })
    : new Response(new Blob([body]).stream().pipeThrough(new TextDecoderStream()).pipeThrough(new TextEncoderStream()), {
        headers: { "content-type": "text/html" },
      });
}

class Limiter {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(atOnce: number) {
    this.#free = atOnce;
  }
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      next ? next() : this.#free++;
    }
  }
}

export default async function crawl(start = "https://site.example/") {
  const limiter = new Limiter(3);
  const root = new URL(start);
  const robots = await (await get(new URL("/robots.txt", root))).text();
  const denied = [...robots.matchAll(/^Disallow:\s*(\S+)/gm)].map(([, path]) => path!);
  const pages = new Map<string, { status: number; title?: string | undefined; links: number }>();

  const visit = async (url: URL): Promise<void> => {
    url.hash = url.search = "";
    if (url.origin !== root.origin || pages.has(url.pathname)) return;
    if (denied.some((path) => url.pathname.startsWith(path))) return console.warn("robots: %s", url.pathname);
    pages.set(url.pathname, { status: 0, links: 0 });
    const response = await limiter.use(() => get(url));
    const html = await response.text();
    const title = /<title>(.*?)<\/title>/.exec(html)?.[1]?.replace("&amp;", "&");
    const links = [...html.matchAll(/href=(["'])(.*?)\1/g)].map(([, , href]) => new URL(href!, url));
    pages.set(url.pathname, { status: response.status, title, links: links.length });
    await Promise.all(links.map(visit));
  };

  await visit(root);
  const sorted = new Map([...pages].sort(([a], [b]) => (a < b ? -1 : 1)));
  console.log(sorted);
  return Object.fromEntries([...sorted].map(([path, { status }]) => [path, status]));
}
