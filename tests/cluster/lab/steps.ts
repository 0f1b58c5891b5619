import { LAB } from "../../helpers/docs-commands.ts";
import { fencesOf } from "../../helpers/markdown.ts";
import type { Page } from "../../helpers/pages.ts";

/** Commands of a page that need a lab. */
export interface LabStep {
  readonly name: string;
  /** Machines that run it: `the first node`, `each node` or `the other nodes`. */
  readonly place: string;
  readonly script: string;
  /** Text of the answer shown below it. */
  readonly shown?: string | undefined;
}

/** Lists the commands of a page that its notes name for a lab, in order. */
export function labSteps(page: Page): LabStep[] {
  const fences = fencesOf(page.text);
  return fences.flatMap((fence, index): LabStep[] => {
    const [, name, place] = LAB.exec(fence.note ?? "") ?? [];
    if (name === undefined || place === undefined) return [];
    const next = fences[index + 1];
    const isAnswer =
      next?.section === fence.section && next.note === undefined && next.info !== "bash";
    return [{ name, place, script: fence.text, shown: isAnswer ? next.text : undefined }];
  });
}
