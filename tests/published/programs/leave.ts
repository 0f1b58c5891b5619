/** Ends without closing its isolate, while code of it still runs. */
import { createIsolate } from "isolate";

const runDirectory = process.env.RUN_DIRECTORY ?? "";
const isolate = await createIsolate({ runDirectory, config: { timeout: 20_000 } });
const { result } = await isolate.execute({ code: "export default () => 'done'" });
console.log(result);
const endless = "export default () => { for (;;); }";
isolate.execute({ code: endless, timeout: 60_000 }).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 500));
process.exit(0);
