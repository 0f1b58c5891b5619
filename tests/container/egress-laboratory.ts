import { readRunner } from "../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { docker } from "../helpers/containers.ts";
import { type Adjust, EgressSite, type Runner } from "./egress-site.ts";
import { endpoint, TestNetwork, type TestServerContainer, type WebNote } from "./test-network.ts";
import { bundleWeaker, type Weakness } from "./weaker-proxy.ts";

/** Address of the metadata service in clouds. The laboratory has one there, too. */
export const METADATA_ADDRESS = "169.254.169.254";

/** Domain in the proxies' search list. */
const SEARCHED = "search.test";

/** Private destinations that the operator allows. The servers' other names are not in the list. */
const PRIVATE = [
  "up.test:80",
  "up.test:443",
  "up.test:8080",
  "sub.up.test:80",
  "metadata.test:80",
  "evilup.test:80",
  ...["fixed.hosts.test", "short", "incomplete.host"].map((name) => `${name}:80`),
  ...["once", "twice", "weak", "mixed"].map((name) => `${name}.rebind.test:80`),
];

interface Servers {
  readonly up: TestServerContainer<WebNote>;
  readonly metadata: TestServerContainer<WebNote>;
  readonly names: TestServerContainer<{ readonly name: string }>;
}

/**
 * Test environment with servers in containers, and with proxies and sandboxes. Their protections
 * can be removed one at a time.
 *
 * Jobs are granted `up.test`, but not `metadata.test`. The latter also has the address
 * `169.254.169.254` and the names `imds.test` and `inner.test`; `inner.test` leads to a private
 * address that no operator has named. Names below `rebind.test` lead to the first server when they
 * are asked for once, and then to the second one. `mixed.rebind.test` leads to both. Names below
 * `never.test` get no answer. `fixed.hosts.test` is only in the proxies' hosts file and leads to
 * the first server. `short` and `incomplete.host` do so, too, by their search list.
 */
export class EgressLaboratory {
  readonly servers: Servers;
  readonly #network: TestNetwork;
  readonly #images: Readonly<Record<Runner, string>>;
  readonly #sites: EgressSite[] = [];

  private constructor(
    servers: Servers,
    network: TestNetwork,
    images: Readonly<Record<Runner, string>>,
  ) {
    this.servers = servers;
    this.#network = network;
    this.#images = images;
  }

  static async open(): Promise<EgressLaboratory> {
    const log = (): void => {};
    const real = await ensureRunnerImage(docker, await readRunner(), log);
    const open = await ensureRunnerImage(docker, await readRunner("inherit"), log);
    const network = await TestNetwork.open(docker, real);
    try {
      const [up, metadata] = await Promise.all([
        network.serve<WebNote>({ program: ["web.ts", "up"], aliases: ["up.test", "sub.up.test"] }),
        network.serve<WebNote>({
          program: ["web.ts", "metadata"],
          aliases: ["metadata.test", "evilup.test"],
          linkLocal: METADATA_ADDRESS,
        }),
      ]);
      const zone = {
        "imds.test": [[METADATA_ADDRESS]],
        "inner.test": [[metadata.address]],
        "*.rebind.test": [[up.address], [METADATA_ADDRESS]],
        "mixed.rebind.test": [[up.address, METADATA_ADDRESS]],
        "*.never.test": null,
        [`short.${SEARCHED}`]: [[up.address]],
        [`incomplete.host.${SEARCHED}`]: [[up.address]],
      };
      const program = ["names.ts", JSON.stringify(zone)] as const;
      const names = await network.serve<{ name: string }>({ program });
      return new EgressLaboratory({ up, metadata, names }, network, { real, open });
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Name of the servers' network. */
  get network(): string {
    return this.#network.name;
  }

  /** Starts a proxy in the servers' network, without the named protections. */
  async site(weaknesses: readonly Weakness[] = [], adjust?: Adjust): Promise<EgressSite> {
    const { up, names } = this.servers;
    const linkLocal = `169.254.1.${this.#sites.length + 1}`;
    const site = await EgressSite.open({
      images: this.#images,
      egress: { hosts: {}, private: [...PRIVATE, `${up.address}:80`] },
      program: weaknesses.length > 0 ? await bundleWeaker(weaknesses) : undefined,
      place: (options) => ({
        ...options,
        HostConfig: {
          ...options.HostConfig,
          NetworkMode: this.#network.name,
          Dns: [names.address],
          DnsSearch: [SEARCHED],
          ExtraHosts: [`fixed.hosts.test:${up.address}`],
        },
        NetworkingConfig: { EndpointsConfig: { [this.#network.name]: endpoint(linkLocal) } },
      }),
      adjust,
    });
    this.#sites.push(site);
    return site;
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await Promise.all(this.#sites.map((site) => site.close()));
    await this.#network.close();
  }
}
