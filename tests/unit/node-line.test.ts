import { expect, it } from "vitest";
import { nodeProgram } from "../nodes/programs.ts";

const [own = ""] = process.versions.node.split(".");

it("tests are run by the Node that their project names", () => {
  const { TESTED_NODE: line = own } = process.env;
  expect(own).toBe(line);
  expect(nodeProgram(line)).toBe(process.execPath);
});
