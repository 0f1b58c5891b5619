import { describeTypes } from "../contract/resourcex-contract.ts";

describeTypes("container");
