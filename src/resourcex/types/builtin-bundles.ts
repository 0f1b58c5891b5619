/** Made of types/ by `npm run build`. */
import type { BundledType } from "./type.ts";

/** `text`, `json` and `binary`, which every registry knows. */
export const builtinTypes: readonly BundledType[] = [
  {
    name: "text",
    aliases: ["txt", "plaintext"],
    description: "Plain text content",
    code: `// text.ts
var text_default = {
  name: "text",
  aliases: ["txt", "plaintext"],
  description: "Plain text content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return content.toString("utf8");
  }
};
export {
  text_default as default
};
`,
  },
  {
    name: "json",
    aliases: ["config", "manifest"],
    description: "JSON content",
    code: `// json.ts
var json_default = {
  name: "json",
  aliases: ["config", "manifest"],
  description: "JSON content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return JSON.parse(content.toString("utf8"));
  }
};
export {
  json_default as default
};
`,
  },
  {
    name: "binary",
    aliases: ["bin", "blob", "raw"],
    description: "Binary content",
    code: `// binary.ts
var binary_default = {
  name: "binary",
  aliases: ["bin", "blob", "raw"],
  description: "Binary content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return new Uint8Array(content);
  }
};
export {
  binary_default as default
};
`,
  },
];
