import { gunzipSync, gzipSync, strFromU8, strToU8, unzipSync, zipSync } from "fflate";

export default () => {
  const packed = gzipSync(strToU8("tea ".repeat(500)), { mtime: 0 });
  const zip = zipSync({ "a.txt": strToU8("alpha"), b: { "c.txt": strToU8("gamma") } });
  return [
    packed.length < 100,
    strFromU8(gunzipSync(packed)).length,
    Object.entries(unzipSync(zip)).map(([name, bytes]) => [name, strFromU8(bytes)]),
  ];
};
