import { InProcessLauncher } from "../../../../../src/engines/in-process/launcher.ts";
import { PooledEngine } from "../../../../../src/engines/run/pooled-engine.ts";
import { callContract } from "../../../../contract/call-contract.ts";
import { channelContract } from "../../../../contract/channel-contract.ts";
import { CONTRACT_POOL, engineContract } from "../../../../contract/engine-contract.ts";
import { errorContract } from "../../../../contract/error-contract.ts";
import { httpContract } from "../../../../contract/http-contract.ts";
import { reuseContract } from "../../../../contract/reuse-contract.ts";
import { sessionContract } from "../../../../contract/session-contract.ts";
import { tenantContract } from "../../../../contract/tenant-contract.ts";
import { usageContract } from "../../../../contract/usage-contract.ts";

async function open(pool: object = {}): Promise<PooledEngine> {
  const launcher = await InProcessLauncher.create();
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, ...pool, onError: console.error });
  engine.prewarm();
  return engine;
}

engineContract("inline", open, { isolation: false });
errorContract("inline", open);
callContract("inline", open);
channelContract("inline", open);
httpContract("inline", open);
reuseContract("inline", open);
sessionContract("inline", open, false);
tenantContract("inline", open);
usageContract("inline", open, { measures: false });
