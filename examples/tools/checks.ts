import type { Tool } from "isolate";
import { proxy } from "isolate/common/proxy";
import { email, ipv4, safeParse, uuid } from "zod/mini";

const check = (schema: Parameters<typeof safeParse>[0]) => (value: unknown) =>
  safeParse(schema, value).success;

/** Tells what a text is: a package bundled with the tool, behind functions that hide it. */
export default (): Tool => ({
  name: "checks",
  setup(globals) {
    globals.checks = proxy({
      isEmail: check(email()),
      isIp: check(ipv4()),
      isUuid: check(uuid()),
    });
  },
});
