import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with the named files, so that none of them runs alone at the end. */
export function longestFirst(names: readonly string[]): typeof BaseSequencer {
  const place = ({ moduleId }: TestSpecification): number => {
    const found = names.findIndex((name) => moduleId.endsWith(`/tests/${name}`));
    return found === -1 ? names.length : found;
  };
  return class extends BaseSequencer {
    /** Sorts the other files as Vitest does: by their last duration, or by their size. */
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(files);
      return sorted.sort((one, other) => place(one) - place(other));
    }
  };
}
