import assert from "node:assert/strict";
import { test } from "node:test";
import { json, matchParams, ReceivedMessage } from "../../js/src/message.js";
import { createDecoder } from "../../js/src/utf8.js";
import { makeBatch, messageRecord } from "./support/fake.js";

const calls: unknown[][] = [];
const context = {
  decode: createDecoder(),
  decodeProperties: (block: Uint8Array) => {
    calls.push(["decode", ...block]);
    return { contentType: "text/plain" };
  },
  acknowledge: (...args: unknown[]) => void calls.push(args),
};

function message(
  payload: string | number[],
  fields: Parameters<typeof messageRecord>[2] = {},
  filter?: string,
) {
  calls.length = 0;
  return new ReceivedMessage("a/b/c", makeBatch([messageRecord(1, payload, fields)]), 0, context, filter);
}

test("flags", () => {
  const { qos, retain, dup } = message("", { flags: 2 | 4 | 8 });
  assert.deepEqual([qos, retain, dup], [2, true, true]);
  const plain = message("", { flags: 1 | 16 });
  assert.deepEqual([plain.qos, plain.retain, plain.dup], [1, false, false]);
});

test("text is strict UTF-8 and keeps a byte order mark", () => {
  assert.equal(message("grüße 👋").text(), "grüße 👋");
  assert.equal(message([0xef, 0xbb, 0xbf, 0x61]).text(), "\ufeffa");
  assert.throws(() => message([0x61, 0xff]).text(), { code: "invalid-argument", message: /not UTF-8/ });
});

test("json parses, forgives a byte order mark and never quotes the payload", () => {
  assert.deepEqual(message('{"celsius":21.5}').json(), { celsius: 21.5 });
  assert.deepEqual(message("\ufeff[1]").json(), [1]);
  assert.throws(
    () => message("password=hunter2").json(),
    (error: Error) => {
      assert.match(error.message, /not JSON/);
      assert.doesNotMatch(`${error.message}${String(error.cause)}`, /hunter2/);
      return true;
    },
  );
});

test("properties are decoded once, when asked, and never without a block", () => {
  const withBlock = message("", { properties: [3, 1] });
  assert.deepEqual(calls, []);
  assert.equal(withBlock.properties.contentType, "text/plain");
  assert.equal(withBlock.properties, withBlock.properties);
  assert.deepEqual(calls, [["decode", 3, 1]]);
  assert.deepEqual(message("").properties, {});
  assert.deepEqual(calls, []);
});

test("params", () => {
  const cases: [filter: string, topic: string, params: string[]][] = [
    ["home/+/temperature", "home/kitchen/temperature", ["kitchen"]],
    ["+/+", "a/b", ["a", "b"]],
    ["#", "a/b/c", ["a/b/c"]],
    ["a/#", "a/b/c", ["b/c"]],
    ["a/#", "a", [""]],
    ["+/#", "a", ["a", ""]],
    ["+", "", [""]],
    ["/+", "/x", ["x"]],
    ["a/+/c/#", "a//c/d/", ["", "d/"]],
    ["a/b", "a/b", []],
    ["$share/group/+/b", "a/b", ["a"]],
    ["$share/group/#", "a/b", ["a/b"]],
    ["$SYS/+", "$SYS/uptime", ["uptime"]],
  ];
  for (const [filter, topic, params] of cases) assert.deepEqual(matchParams(filter, topic), params, filter);
  assert.deepEqual(message("", {}, "a/+/c").params, ["b"]);
  assert.deepEqual(message("").params, [], "no filter, no params");
});

test("ack and reject name the token", () => {
  message("", { token: 9 }).ack();
  assert.deepEqual(calls, [[9, 0]]);
  message("", { token: 9 }).reject();
  assert.deepEqual(calls, [[9, 0x80]]);
  message("", { token: 9 }).reject(0x99);
  assert.deepEqual(calls, [[9, 0x99]]);
});

test("json() makes payloads of values and refuses what JSON cannot hold", () => {
  assert.equal(json({ on: true }), '{"on":true}');
  assert.equal(json(null), "null");
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const value of [undefined, () => {}, 1n, cycle])
    assert.throws(() => json(value), { code: "invalid-argument" });
});
