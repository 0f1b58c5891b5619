import { Command } from "commander";

export default () => {
  const said: unknown[] = [];
  const program = new Command("copy")
    .exitOverride()
    .configureOutput({ writeOut: (text) => said.push(text), writeErr: (text) => said.push(text) })
    .argument("<files...>")
    .option("-n, --dry-run", "change nothing")
    .option("--times <n>", "how often", Number, 1)
    .action((files, options) => said.push(files, options));
  program.parse(["a.txt", "b.txt", "-n", "--times", "3"], { from: "user" });
  try {
    program.parse(["--wrong"], { from: "user" });
  } catch (error) {
    said.push((error as { code: string }).code);
  }
  return [said, program.helpInformation()];
};
