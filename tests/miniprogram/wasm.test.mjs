// WebAssembly by path: what each platform loads, and what the strict ones refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { start } from "./support.mjs";

const bytes = (text) => Buffer.from(text.replaceAll(" ", ""), "hex");
const HEAD = "0061736d 01000000";
/** `(func (export "f") (result i32) i32.const 42)` */
const PLAIN = bytes(`${HEAD} 01050160 00017f 03020100 0705010166 0000 0a06010400 412a0b`);
/** The same with `(i32.extend8_s)` behind it, which is newer than the first version. */
const SIGN = bytes(`${HEAD} 01050160 00017f 03020100 0705010166 0000 0a07010500 412ac00b`);
/** `(global (export "g") i32 (i32.const 1))` */
const GLOBAL = bytes(`${HEAD} 0606017f0041010b 0705010167 0300`);

const files = {
  "/core.wasm": PLAIN,
  "/core.wasm.br": brotliCompressSync(PLAIN),
  "/sign.wasm": SIGN,
  "/global.wasm": GLOBAL,
  "/core.txt": PLAIN,
};

for (const [name, answer] of [
  ["wechat-devtools", (source) => source.instance],
  ["wechat-ios", (source) => source.instance],
  ["wechat-ios-15", (instance) => instance],
  ["douyin-ios", (source) => source.module && source.instance],
]) {
  test(`${name} loads a module by its path, compressed or not`, async (t) => {
    const { mp } = await start(t, name, { files });
    const wasm = mp.run(mp.profile.wasm.global);
    for (const path of ["/core.wasm", "/core.wasm.br"]) {
      assert.equal(answer(await wasm.instantiate(path, {})).exports.f(), 42);
    }
    assert.equal(wasm.validate, undefined);
    assert.equal(wasm.Global !== undefined, mp.profile.family === "tt");
  });

  test(`${name} takes neither bytes nor files that are not there`, async (t) => {
    const { mp } = await start(t, name, { files });
    const wasm = mp.run(mp.profile.wasm.global);
    await assert.rejects(wasm.instantiate(PLAIN, {}), /must be a string/);
    await assert.rejects(wasm.instantiate("/core.txt", {}), /not a \.wasm/);
    await assert.rejects(wasm.instantiate("/nothing.wasm", {}), /not found/);
    await assert.rejects(wasm.instantiate("https://broker.example/core.wasm", {}), /not found/);
  });
}

test("a path that is not absolute is looked for beside the page by Douyin", async (t) => {
  const { mp } = await start(t, "douyin-devtools", { files });
  await assert.rejects(mp.run("TTWebAssembly").instantiate("core.wasm", {}), /not found/);
  const wechat = (await start(t, "wechat-android", { files })).mp;
  assert.ok((await wechat.run("WXWebAssembly").instantiate("core.wasm", {})).instance);
});

test("iOS refuses newer instructions and exported globals", async (t) => {
  for (const [name, strict] of [
    ["wechat-ios", true],
    ["wechat-ios-15", true],
    ["douyin-ios", true],
    ["wechat-android", false],
  ]) {
    const { mp } = await start(t, name, { files });
    const wasm = mp.run(mp.profile.wasm.global);
    for (const path of ["/sign.wasm", "/global.wasm"]) {
      if (strict) await assert.rejects(wasm.instantiate(path, {}), /not supported/);
      else assert.ok((await wasm.instantiate(path, {})).instance);
    }
  }
});
