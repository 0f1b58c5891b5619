/** Runs programs by their paths, as plain Deno does. Prints a JSON array of [result, error] in their order. */
const runs = [];
for (const path of Deno.args) {
  try {
    const { default: main } = await import(`file://${path}`);
    runs.push([(await main()) ?? null, null]);
  } catch (error) {
    runs.push([null, `${error?.stack ?? error}`]);
  }
}
console.log(`\n${JSON.stringify(runs)}`);
Deno.exit(0);
