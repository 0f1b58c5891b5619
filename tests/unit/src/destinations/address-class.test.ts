import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressClass, classify } from "../../../../src/destinations/address-class.ts";
import { runs } from "../../../helpers/fuzz.ts";

const ADDRESSES: Record<AddressClass, readonly string[]> = {
  public: [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
  ],
  private: [
    "10.0.0.0",
    "10.255.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fc00::1",
    "fdff:ffff::1",
    "fd12:3456:789a::1",
  ],
  metadata: [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.0",
    "169.254.255.255",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:0ec2:0:0:0:0:0:0254",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "fe80::1",
    "febf::1",
    "fe80::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::FFFF:A9FE:A9FE",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:1234::5601:5601",
    "::ffff:168.63.129.16",
    "::ffff:100.100.100.200",
  ],
  special: [
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "192.175.48.1",
    "192.52.193.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::2",
    "::8.8.8.8",
    "::127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "1::1",
    "fe00::1",
    // No addresses, or not in the format of a resolver.
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "8.8.8.8 ",
    "8.8.8.8:80",
    "8.8.8.08",
    "[::1]",
    "::1%lo",
    "2606:4700:4700::1111%eth0",
  ],
};

describe("the classifier", () => {
  for (const [expected, addresses] of Object.entries(ADDRESSES)) {
    it.each(addresses)(`says ${expected} of %j`, (address) => {
      expect(classify(address)).toBe(expected);
    });
  }

  it("never calls an IPv6 address public that is outside of what is handed out", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (classify(address) === "public") expect(address).toMatch(/^[23][0-9a-f]{3}:/i);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("never calls anything public that carries an IPv4 address", () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.constantFrom("::", "::ffff:", "::ffff:0:", "64:ff9b::", "64:ff9b:1::"),
        (inner, prefix) => {
          expect(classify(prefix + inner)).not.toBe("public");
        },
      ),
    );
  });
});
