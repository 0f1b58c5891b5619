import { Buffer } from "node:buffer";
import iconv from "iconv-lite";

export default () => [
  iconv.encode("Grüße", "latin1").toString("hex"),
  iconv.decode(Buffer.from([0x83, 0x65, 0x83, 0x58]), "Shift_JIS"),
  iconv.decode(Buffer.from([0xcf, 0xf0]), "win1251"),
  iconv.encodingExists("utf-7"),
];
