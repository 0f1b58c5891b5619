/** Runs the programs named by its arguments one after the other, as plain Deno does. */
let fail = () => {};
addEventListener("error", (event) => {
  event.preventDefault();
  fail(event.error);
});

const nameOf = (thrown) =>
  thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `${thrown}`;

for (const path of Deno.args) {
  console.log(`\0begin ${path}`);
  try {
    const failure = new Promise((_, reject) => {
      fail = reject;
    });
    failure.catch(() => {});
    const { default: main } = await import(`file://${path}`);
    const result = await (path.includes("/throwing/") ? Promise.race([main(), failure]) : main());
    // Work of a program that returns nothing goes on.
    if (result === undefined) await new Promise((resolve) => setTimeout(resolve, 150));
    console.log(`\0result ${JSON.stringify(result) ?? ""}`);
  } catch (thrown) {
    const causes = [];
    for (let cause = thrown.cause; cause !== undefined; cause = cause.cause)
      causes.push(nameOf(cause));
    console.log(
      `\0result ${JSON.stringify([nameOf(thrown), causes, (thrown.errors ?? []).map(nameOf)])}`,
    );
  }
}
Deno.exit(0);
