/**
 * Resolver in a confined process. It answers a question with the names of the documents that it needs. Further
 * questions bring these, until it answers with the packages or a fault.
 */
import type { MakeHandler } from "../../confined-process/entry.ts";
import { resolverFault } from "./fault.ts";
import { deliver, missingCount, onWanted, type RegistryName, takeWanted } from "./packuments.ts";
import { type ResolveTask, resolveTree } from "./resolve-tree.ts";

/** Document that a question brings: its bytes are a part of the payload. */
export interface BroughtDocument {
  readonly registry: RegistryName;
  readonly name: string;
  readonly status: number;
  readonly bytes: number;
  readonly gzip: boolean;
}

export type ResolverQuestion =
  | { readonly task: ResolveTask }
  | { readonly documents: readonly BroughtDocument[] };

/** Bytes of a document without compression. */
const MAX_DOCUMENT = 134_217_728;

const make: MakeHandler = async () => {
  let result: object | undefined;
  let wake = (): void => {};
  onWanted(() => wake());
  return async (input, payload) => {
    const question = input as ResolverQuestion;
    if ("task" in question) {
      resolveTree(question.task)
        .then((packages) => ({ packages }))
        .catch((error: unknown) => ({ fault: resolverFault(error) }))
        .then((answer) => {
          result = answer;
          wake();
        });
    } else {
      await bring(question.documents, payload);
    }
    // Waits for something to tell, unless documents are on their way.
    const woken = new Promise<void>((go) => {
      wake = go;
    });
    await Promise.race([woken, ...(missingCount() > 0 ? [tick()] : [])]);
    await tick();
    return { answer: { wanted: takeWanted(), ...result } };
  };
};

async function bring(documents: readonly BroughtDocument[], payload: Uint8Array): Promise<void> {
  let at = 0;
  for (const { bytes, gzip, ...one } of documents) {
    const body = payload.subarray(at, at + bytes);
    at += bytes;
    deliver({ ...one, text: await textOf(body, gzip) });
  }
}

/** Decodes a document. One that is too long, or no gzip, becomes text that is no JSON. */
async function textOf(body: Uint8Array, gzip: boolean): Promise<string> {
  if (!gzip) return new TextDecoder().decode(body);
  const unzipped = new Blob([body as BlobPart])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for await (const chunk of unzipped as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_DOCUMENT) return "";
      text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    return "";
  }
  return text;
}

function tick(): Promise<void> {
  return new Promise((go) => setTimeout(go, 0));
}

export default make;
