import { describe, expect, it } from "vitest";
import { ChannelRouter, type Membership } from "../../../../src/channels/channels.ts";

/** Joins with an execution that takes messages on request. */
function join(router: ChannelRouter, tenant = "a", topics: readonly string[] = []) {
  const member = router.join(tenant);
  const heard: [topic: string, text: string][] = [];
  const way = { open: true };
  member.connect((topic, text) => {
    if (way.open) heard.push([topic, text]);
    return way.open;
  });
  for (const topic of topics) member.receive({ op: "on", topic });
  return { member, heard, way };
}

function emit(member: Membership, count: number): void {
  for (let n = 0; n < count; n += 1) member.receive({ op: "emit", topic: "t", text: `${n}` });
}

function take(member: Membership, count: number): void {
  for (let n = 0; n < count; n += 1) member.receive({ op: "taken" });
}

describe("channels", () => {
  it("give a message to every other subscriber of its topic", () => {
    const router = new ChannelRouter();
    const sender = join(router, "a", ["t"]);
    const others = [join(router, "a", ["t"]), join(router, "a", ["u", "t"])];
    const deaf = join(router, "a", ["u"]);
    emit(sender.member, 1);
    for (const { heard } of others) expect(heard).toEqual([["t", "0"]]);
    for (const { heard } of [sender, deaf]) expect(heard).toEqual([]);
  });

  it("never mix tenants, whatever they are called", () => {
    const router = new ChannelRouter();
    const tenants = ["a", "b", "", "__proto__", "constructor"];
    const members = tenants.map((tenant) => join(router, tenant, ["t", "__proto__"]));
    for (const { member } of members) emit(member, 1);
    for (const { heard } of members) expect(heard).toEqual([]);
  });

  it("keep nothing for those who subscribe later", () => {
    const router = new ChannelRouter();
    emit(join(router).member, 1);
    expect(join(router, "a", ["t"]).heard).toEqual([]);
  });

  it("deliver once to a member that subscribes twice", () => {
    const router = new ChannelRouter();
    const { heard } = join(router, "a", ["t", "t"]);
    emit(join(router).member, 1);
    expect(heard).toHaveLength(1);
  });

  it("stop with an unsubscription, which for another topic does nothing", () => {
    const router = new ChannelRouter();
    const { member, heard } = join(router, "a", ["t"]);
    const sender = join(router);
    member.receive({ op: "off", topic: "never" });
    emit(sender.member, 1);
    member.receive({ op: "off", topic: "t" });
    emit(sender.member, 1);
    expect(heard).toHaveLength(1);
  });

  it("bound the subscriptions of a member at 100", () => {
    const router = new ChannelRouter();
    const topics = Array.from({ length: 200 }, (_, i) => `${i}`);
    const { heard } = join(router, "a", topics);
    const { member } = join(router);
    for (const topic of topics) member.emit(topic, "1");
    expect(heard.length).toBeLessThanOrEqual(100);
    expect(heard.map(([topic]) => topic)).not.toContain("100");
  });

  it("forget a member that leaves, and a tenant without subscriptions", () => {
    const router = new ChannelRouter();
    const { member, heard } = join(router, "a", ["t", "u"]);
    const sender = join(router);
    emit(sender.member, 20);
    const before = heard.length;
    expect(router.tenants).toBe(1);
    member.leave();
    member.leave();
    expect(router.tenants).toBe(0);
    for (const op of ["on", "off"] as const) member.receive({ op, topic: "t" });
    take(member, 20);
    emit(sender.member, 1);
    emit(member, 1);
    expect(heard).toHaveLength(before);
    expect(router.tenants).toBe(0);
  });

  it("have 8 messages on the way, 100 waiting with them, and lose the oldest", () => {
    const router = new ChannelRouter();
    const slow = join(router, "a", ["t"]);
    const quick = join(router, "a", ["t"]);
    const sender = join(router);
    for (let n = 0; n < 150; n += 1) {
      sender.member.emit("t", `${n}`);
      quick.member.receive({ op: "taken" });
    }
    expect(quick.heard).toHaveLength(150);
    expect(quick.member.dropped).toBe(0);
    expect(slow.heard).toHaveLength(8);
    expect(slow.member.dropped).toBe(50);
    take(slow.member, 1_000);
    const texts = slow.heard.map(([, text]) => Number(text));
    expect(texts).toEqual([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      ...Array.from({ length: 92 }, (_, i) => 58 + i),
    ]);
  });

  it("give a member that claims to have taken more no more on the way", () => {
    const router = new ChannelRouter();
    const { member, heard } = join(router, "a", ["t"]);
    take(member, 50);
    emit(join(router).member, 20);
    expect(heard).toHaveLength(8);
  });

  it("count what cannot be sent as lost, and go on", () => {
    const router = new ChannelRouter();
    const { member, heard, way } = join(router, "a", ["t"]);
    const sender = join(router);
    way.open = false;
    emit(sender.member, 30);
    expect(member.dropped).toBe(30);
    way.open = true;
    emit(sender.member, 1);
    expect(heard).toEqual([["t", "0"]]);
  });

  it("hold messages until there is a way to the execution", () => {
    const router = new ChannelRouter();
    const member = router.join("a");
    member.subscribe("t");
    emit(join(router).member, 3);
    const heard: string[] = [];
    member.connect((_topic, text) => heard.push(text) > 0);
    expect(heard).toEqual(["0", "1", "2"]);
  });
});
