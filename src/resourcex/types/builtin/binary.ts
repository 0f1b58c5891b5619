import type { TypeSource } from "../source.ts";

export default {
  name: "binary",
  aliases: ["bin", "blob", "raw"],
  description: "Binary content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    // A copy, because the bytes are a view of the whole archive.
    return new Uint8Array(content);
  },
} satisfies TypeSource;
