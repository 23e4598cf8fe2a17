// A client with a worker decodes properties on the page, without an engine: it must make the same of them as the engine.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Glue } from "../../js/src/boundary.js";
import { decodeProperties } from "../../js/src/worker/properties.js";
import { webFlavours } from "./support/flavours.js";

let engine: Glue;
before(async () => {
  const [web] = await webFlavours();
  assert.ok(web);
  engine = web.glue;
});

const TEXTS = ["", "a", "text/plain", "收费站/🛣️", "\u{feff}bom", "\u{10ffff}", "x".repeat(300)];
const bytes16 = (value: number) => [value >> 8, value & 0xff];
const text = (value: string) => data(Buffer.from(value));
const data = (value: ArrayLike<number>) => [...bytes16(value.length), ...Array.from(value)];
const bytes32 = (value: number) => [...bytes16(value >>> 16), ...bytes16(value & 0xffff)];
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

/** Property blocks that a PUBLISH to a client may have (3.3.2.3), each as a seed decides. */
function blocks(count: number): Uint8Array[] {
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const kinds: (() => number[])[] = [
    () => [1, below(2)],
    () => [2, ...bytes32(pick([0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]))],
    () => [3, ...text(pick(TEXTS))],
    () => [8, ...text(pick(["a", "a/b", "é/收"]))],
    () => [9, ...data(Array.from({ length: pick([0, 1, 40]) }, () => below(256)))],
    () => [35, ...bytes16(pick([1, 256, 65_535]))],
  ];
  const repeated: (() => number[])[] = [
    () => [11, ...varint(pick([1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455]))],
    () => [38, ...text(pick(TEXTS)), ...text(pick(TEXTS))],
  ];
  return Array.from({ length: count }, () => {
    const parts = kinds.filter(() => below(2)).map((make) => make());
    for (let n = below(5); n > 0; n--) parts.splice(below(parts.length + 1), 0, pick(repeated)());
    return Uint8Array.from(parts.flat());
  });
}

test("valid blocks are decoded as by the engine", () => {
  const seen = new Set<string>();
  for (const block of blocks(3000)) {
    const expected = engine.decodeProperties(block);
    if (block.length > 0) assert.notDeepEqual(expected, {}, `the engine takes ${block}`);
    assert.deepEqual(decodeProperties(block), expected, `${block}`);
    for (const name of Object.keys(expected)) seen.add(name);
  }
  assert.deepEqual(
    [...seen].sort(),
    [
      "contentType",
      "correlationData",
      "messageExpiryInterval",
      "payloadFormatIndicator",
      "responseTopic",
      "subscriptionIdentifiers",
      "topicAlias",
      "userProperties",
    ],
    "all that a PUBLISH can have",
  );
});

test("correlation data is a copy, as that of the engine", () => {
  const block = Uint8Array.of(9, 0, 1, 7);
  const { correlationData } = decodeProperties(block) as { correlationData: Uint8Array };
  block.fill(0);
  assert.deepEqual(correlationData, Uint8Array.of(7));
});
