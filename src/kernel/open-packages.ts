import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { PackageBuilds } from "../packages/builds/package-builds.ts";
import { createPackageSource } from "../packages/source/package-source.ts";
import { PackageService, type PackageSetLookup } from "../plugins/package-service.ts";
import { diallingRules } from "./dialling-rules.ts";

export interface OpenPackagesOptions {
  readonly config: Pick<Config, "npm" | "egress" | "maxBundleSize">;
  readonly packageSets?: PackageSetLookup | undefined;
  readonly log: (line: string) => void;
}

export interface OpenedPackages {
  readonly service: PackageService;
  close(): Promise<void>;
}

/** Opens the registry of the settings, with a directory for the files of packages. */
export async function openPackages(options: OpenPackagesOptions): Promise<OpenedPackages> {
  const { config, packageSets: sets, log } = options;
  const { registry, token, jsr, directory: given, cacheBytes } = config.npm;
  if (registry === undefined) {
    const builds = new PackageBuilds({ source: undefined });
    return { service: new PackageService({ builds, config: config.npm, sets }), close };
  }
  const directory = given ?? (await mkdtemp(join(tmpdir(), "isolate-packages-")));
  const source = createPackageSource({
    registry,
    jsr,
    token,
    directory,
    cacheBytes,
    operatorRules: diallingRules(config),
    log,
  });
  const { maxBundleSize } = config;
  const service = new PackageService({
    builds: new PackageBuilds({ source, maxBundle: maxBundleSize }),
    config: config.npm,
    maxBundleSize,
    sets,
  });
  return {
    service,
    async close() {
      await source.close();
      if (given === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function close(): Promise<void> {}
