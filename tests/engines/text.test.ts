// UTF-8 where the platform has no encoder: must do what the platform's does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Utf8Decoder, Utf8Encoder } from "../../js/src/engines/text.js";

/** Lengths change at these, and so do the rules for the second byte. */
const CODES = [
  0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfeff, 0xffff, 0x10000,
  0x10ffff,
];
const BYTES = [
  0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4,
  0xf5, 0xff,
];

test("encodes each pair of borderline characters as TextEncoder does", () => {
  const own = new Utf8Encoder();
  const native = new TextEncoder();
  for (const first of CODES) {
    for (const second of CODES) {
      const text = String.fromCodePoint(first, 0x61, second);
      assert.deepEqual(own.encode(text), new Uint8Array(native.encode(text)));
      for (const room of [0, 1, 3, 5, 9]) {
        const [into, expected] = [new Uint8Array(room), new Uint8Array(room)];
        assert.deepEqual(own.encodeInto(text, into), { ...native.encodeInto(text, expected) });
        assert.deepEqual(into, expected);
      }
    }
  }
});

test("decodes each sequence of four borderline bytes as TextDecoder does", () => {
  const own = new Utf8Decoder("utf-8", { ignoreBOM: true });
  const strict = new Utf8Decoder("utf-8", { ignoreBOM: true, fatal: true });
  const native = new TextDecoder("utf-8", { ignoreBOM: true });
  const nativeStrict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  const result = (decoder: { decode(bytes: Uint8Array): string }, bytes: Uint8Array) => {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return error.name;
    }
  };
  for (const a of BYTES) {
    for (const b of BYTES) {
      for (const c of BYTES) {
        for (const d of BYTES) {
          const bytes = Uint8Array.of(a, b, c, d);
          if (own.decode(bytes) !== native.decode(bytes)) assert.fail(`not as native: ${bytes}`);
          if (result(strict, bytes) !== result(nativeStrict, bytes))
            assert.fail(`not as native, strict: ${bytes}`);
        }
      }
    }
  }
});

test("long texts survive in one piece", () => {
  const text = "péage 收费站 🛣️ ".repeat(20_000);
  assert.equal(new Utf8Decoder("utf-8", { fatal: true }).decode(new Utf8Encoder().encode(text)), text);
});
