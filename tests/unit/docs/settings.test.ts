/** Tests the page of all settings against the settings of the server. */
import { expect, it } from "vitest";
import { SETTING_NAMES } from "../../../server/settings.ts";
import { docsPages, pageAt } from "../../helpers/pages.ts";

const { text } = pageAt("docs/operate/configuration.md");

/** Variables of a caller's own shell, in examples. */
const CALLERS: readonly string[] = ["ISOLATE_KEY", "ISOLATE_URL"];

/** Lists the names in the first cell of each row. */
function namesIn(page: string): string[] {
  const cells = page.split("\n").map((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = ""]) => name));
}

it("every setting has its row, once, and no other has one", () => {
  expect(namesIn(text).sort()).toEqual([...SETTING_NAMES].sort());
});

it("every other page names settings that there are", () => {
  const unknown = docsPages().flatMap(({ path, text: page }) =>
    [...page.matchAll(/\bISOLATE_[A-Z_]*[A-Z]\b/g)]
      .map(([name]) => name)
      .filter((name) => ![...SETTING_NAMES, ...CALLERS].includes(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);
});
