import type { TypeSource } from "../source.ts";

export default {
  name: "json",
  aliases: ["config", "manifest"],
  description: "JSON content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return JSON.parse(content.toString("utf8"));
  },
} satisfies TypeSource;
