import { fencesOf } from "./markdown.ts";
import type { Page } from "./pages.ts";

/** A block of commands in a page, with the answer shown below it. */
export interface DocsCommand {
  /** Page and line. */
  readonly at: string;
  readonly script: string;
  /** True if it needs a server with keys. */
  readonly keyed: boolean;
  readonly shown?: { readonly info: string; readonly text: string } | undefined;
  /** Callback that is sent afterwards according to the page. */
  readonly received?: string | undefined;
  /** Reason why no test can run it. */
  readonly notRun?: string | undefined;
}

const NOT_RUN = /^not run: (\S.*)$/;
/** Note of commands that need several machines. The tests of a lab run them. */
export const LAB = /^lab: (.+), on (the first node|each node|the other nodes)$/;
const ANSWERS: readonly string[] = ["json", "text"];

/** Lists the blocks of commands of a page, in order, without those for a lab. */
export function commandsOf({ path, text }: Page): DocsCommand[] {
  const fences = fencesOf(text);
  return fences.flatMap((fence, index): DocsCommand[] => {
    if (fence.info !== "bash" || LAB.test(fence.note ?? "")) return [];
    const { section, note, text: script, line } = fence;
    const behind = fences.slice(index + 1).filter((other) => other.section === section);
    const next = behind[0];
    const isAnswer = next && ANSWERS.includes(next.info) && next.note === undefined;
    const received = behind[isAnswer ? 1 : 0];
    return [
      {
        at: `${path}:${line}`,
        script,
        keyed: /\$(ISOLATE_(ADMIN_)?|NARROW_)KEY\b/.test(script),
        shown: isAnswer ? { info: next.info, text: next.text } : undefined,
        received: received?.note === "received" ? received.text : undefined,
        notRun: NOT_RUN.exec(note ?? "")?.[1],
      },
    ];
  });
}

/** Code for a sandbox in a page, with the rest of its request and the result shown below it. */
export interface DocsCode {
  readonly at: string;
  readonly code: string;
  readonly request: object;
  readonly result: string;
}

export function sandboxCodeOf({ path, text }: Page): DocsCode[] {
  const fences = fencesOf(text);
  return fences.flatMap(({ note, text: code, line }, index): DocsCode[] => {
    const [, request] = /^sandbox: (.*)$/.exec(note ?? "") ?? [];
    if (request === undefined) return [];
    const result = fences[index + 1]?.text ?? "";
    return [{ at: `${path}:${line}`, code, request: JSON.parse(request) as object, result }];
  });
}
