import { describeTypePermissions } from "../contract/type-permissions-contract.ts";

describeTypePermissions("isolated");
