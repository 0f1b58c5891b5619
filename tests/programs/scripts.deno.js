/** Runs the programs named by its arguments one after the other, as plain Deno does. */
for (const path of Deno.args) {
  console.log(`\0begin ${path}`);
  const { default: main } = await import(`file://${path}`);
  const result = await main();
  console.log(`\0result ${JSON.stringify(result) ?? ""}`);
}
Deno.exit(0);
