import { v4, v5, validate, version } from "uuid";

export default () => {
  const random = v4();
  return [v5("isolate", v5.DNS), validate(random), version(random), validate("no-uuid")];
};
