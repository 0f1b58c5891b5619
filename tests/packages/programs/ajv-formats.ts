import { Ajv } from "ajv";
import formats from "ajv-formats";

const ajv = new Ajv();
formats.default(ajv);
const validate = ajv.compile({ type: "string", format: "ipv4" });

export default () => ["10.0.0.1", "10.0.0.300"].map((text) => validate(text));
