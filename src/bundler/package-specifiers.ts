/** Specifiers by which code names packages. */

/** Scheme, name, range and subpath of `npm:@scope/name@^1/sub`, or of `name/sub`. */
const SPECIFIER =
  /^(?:(npm|jsr):\/?)?((?:@[a-z0-9~][\w.~-]*\/)?[a-z0-9~_-][\w.~-]*)(?:@([^/]+))?(\/.*)?$/i;

export interface PackageSpecifier {
  readonly registry: "npm" | "jsr" | undefined;
  readonly name: string;
  readonly range: string | undefined;
  /** Path in the package, with its slash, or nothing. */
  readonly subpath: string;
}

/** Takes a specifier apart. Returns nothing for one that names no package. */
export function readSpecifier(specifier: string): PackageSpecifier | undefined {
  const [, registry, name, range, subpath = ""] = SPECIFIER.exec(specifier) ?? [];
  if (name === undefined || name === "node_modules" || name.length > 214) return undefined;
  if (registry === undefined && range !== undefined) return undefined;
  return {
    registry: registry?.toLowerCase() as PackageSpecifier["registry"],
    name,
    range,
    subpath: subpath === "/" ? "" : subpath,
  };
}

/**
 * Returns the specifier by which the installed package is found. `npm:zod@^4/mini` is `zod/mini` if
 * `zod` is a dependency, or the dependency that is an alias for it.
 */
export function installedSpecifier(
  specifier: string,
  dependencies: Readonly<Record<string, string>>,
): string | undefined {
  const read = readSpecifier(specifier);
  if (read === undefined) return undefined;
  const { registry, name, range, subpath } = read;
  if (registry === undefined) {
    return Object.hasOwn(dependencies, name) ? `${name}${subpath}` : undefined;
  }
  const targets = Object.entries(dependencies).flatMap(([key, wanted]) => {
    const alias = readSpecifier(wanted);
    const [, scheme = "npm", plain] = /^(?:(npm|jsr):)?(.*)$/s.exec(wanted) ?? [];
    const target = alias?.registry ? alias : { registry: scheme, name: key, range: plain };
    return target.registry === registry && target.name === name ? [{ key, ...target }] : [];
  });
  const found = targets.find((each) => each.range === range) ?? targets[0];
  return found && `${found.key}${subpath}`;
}
