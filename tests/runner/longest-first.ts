import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with the files named, so that none of them is what all others wait for at the end. */
export function longestFirst(names: readonly string[]): typeof BaseSequencer {
  const place = ({ moduleId }: TestSpecification): number => {
    const found = names.findIndex((name) => moduleId.endsWith(`/tests/${name}`));
    return found === -1 ? names.length : found;
  };
  return class extends BaseSequencer {
    /** Among those that are not named, the largest or those that took longest last time are first. */
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(files);
      return sorted.sort((one, other) => place(one) - place(other));
    }
  };
}
