import { describeTypes } from "../contract/resourcex-contract.ts";

describeTypes("none");
describeTypes("isolated");
