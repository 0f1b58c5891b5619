import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Begins with the named files, so that none of them runs alone at the end. The other files follow by project, because
 * a process goes on with the next file only if that file is of the same project.
 */
export function longestFirst(names: readonly string[]): typeof BaseSequencer {
  const place = ({ moduleId }: TestSpecification): number => {
    const found = names.findIndex((name) => moduleId.endsWith(`/tests/${name}`));
    return found === -1 ? names.length : found;
  };
  return class extends BaseSequencer {
    /** Sorts the other files of a project as Vitest does: by their last duration, or by their size. */
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(files);
      const projects = this.ctx.projects.map(({ name }) => name);
      const projectOf = ({ project }: TestSpecification): number => projects.indexOf(project.name);
      return sorted.sort(
        (one, other) => place(one) - place(other) || projectOf(one) - projectOf(other),
      );
    }
  };
}
