import yargs from "yargs";

export default async () => {
  const given = await yargs(["serve", "--port", "8080", "-v", "x"])
    .exitProcess(false)
    .command("serve [dir]", "serves a folder")
    .option("port", { type: "number", default: 80 })
    .option("verbose", { alias: "v", type: "boolean" })
    .parse();
  return [given._, given.port, given.verbose];
};
