import assert from "node:assert/strict";
import { test } from "node:test";
import type { Glue } from "../../js/src/boundary.js";
import { createLoader } from "../../js/src/loader.js";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const glue = {} as Glue;

function loader(modules: WebAssembly.Module[] = []) {
  return createLoader(async (module) => {
    assert.ok(module instanceof WebAssembly.Module);
    modules.push(module);
    return glue;
  });
}

function response(body: BodyInit | null, type?: string, status = 200) {
  return new Response(body, { status, headers: type ? { "content-type": type } : {} });
}

const failed = (detail: RegExp, hint = /./) => ({ code: "wasm-load-failed", message: detail, hint });

test("bytes, views, modules and responses load", async () => {
  const padded = new Uint8Array(16);
  padded.set(EMPTY_MODULE, 4);
  const module = new WebAssembly.Module(EMPTY_MODULE);
  const sources = [
    EMPTY_MODULE,
    EMPTY_MODULE.buffer,
    padded.subarray(4, 12),
    module,
    response(EMPTY_MODULE, "application/wasm"),
    Promise.resolve(response(EMPTY_MODULE, "application/wasm")),
    response(EMPTY_MODULE, "application/octet-stream"),
    response(EMPTY_MODULE),
  ];
  for (const source of sources) assert.equal(await loader()(() => source), glue);
});

test("URLs are fetched", async (context) => {
  const fetched: unknown[] = [];
  context.mock.method(globalThis, "fetch", async (url: unknown) => {
    fetched.push(String(url));
    return response(EMPTY_MODULE, "application/wasm");
  });
  await loader()(() => "https://example.test/a.wasm");
  await loader()(() => new URL("https://example.test/b.wasm"));
  assert.deepEqual(fetched, ["https://example.test/a.wasm", "https://example.test/b.wasm"]);
});

test("it loads once, whoever asks and from wherever", async () => {
  const modules: WebAssembly.Module[] = [];
  const load = loader(modules);
  await Promise.all([load(() => EMPTY_MODULE), load(() => EMPTY_MODULE)]);
  await load(() => assert.fail("not asked again"));
  assert.equal(modules.length, 1);
});

test("there is a light module until there is a whole one, which is for all", async () => {
  const modules: WebAssembly.Module[] = [];
  const load = loader(modules);
  await load(() => EMPTY_MODULE, true);
  await load(() => assert.fail("not asked again"), true);
  await load(() => EMPTY_MODULE, false);
  assert.equal(modules.length, 2);
  await load(() => assert.fail("the whole one is there"), true);

  const early = loader(modules);
  await early(() => EMPTY_MODULE);
  await early(() => assert.fail("the whole one is there"), true);
  assert.equal(modules.length, 3);
});

test("a failed load can be retried", async () => {
  const load = loader();
  await assert.rejects(
    load(() => response("gone", "text/plain", 404)),
    failed(/HTTP 404/),
  );
  assert.equal(await load(() => EMPTY_MODULE), glue);
});

test("a page in place of the module is named", async () => {
  const page = "<!doctype html><title>404</title>";
  await assert.rejects(
    loader()(() => response(page, "text/html")),
    failed(/got text\/html, not WebAssembly/, /init\(\)/),
  );
  await assert.rejects(
    loader()(() => response("", "text/html")),
    failed(/got text\/html/),
  );
});

test("damaged bytes keep the compiler's words as the cause", async () => {
  const bytes = Uint8Array.from([...EMPTY_MODULE, 99]);
  for (const source of [bytes, response(bytes, "application/wasm")]) {
    await assert.rejects(
      loader()(() => source),
      (error: Error) => {
        assert.match(error.message, /^wasm-load-failed \(CompileError\)/);
        assert.ok(error.cause instanceof WebAssembly.CompileError);
        return true;
      },
    );
  }
});

test("a network failure keeps its cause", async (context) => {
  const cause = new TypeError("Failed to fetch");
  context.mock.method(globalThis, "fetch", async () => {
    throw cause;
  });
  await assert.rejects(
    loader()(() => "https://example.test/a.wasm"),
    { code: "wasm-load-failed", cause },
  );
});

test("a content security policy is recognised in every browser's words", async (context) => {
  const words = [
    "WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because neither 'wasm-eval' nor 'unsafe-eval' is an allowed source of script",
    "call to WebAssembly.compile() blocked by CSP",
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script",
  ];
  for (const message of words) {
    context.mock.method(WebAssembly, "compile", async () => {
      throw new WebAssembly.CompileError(message);
    });
    await assert.rejects(
      loader()(() => EMPTY_MODULE),
      failed(/blocked by CSP/, /'wasm-unsafe-eval'/),
    );
    context.mock.restoreAll();
  }
});

test("a module of another version is named", async () => {
  const load = createLoader(async () => {
    throw new WebAssembly.LinkError("import object field is not a Function");
  });
  await assert.rejects(
    load(() => EMPTY_MODULE),
    failed(/LinkError/, /same version/),
  );
});

test("without a module or without WebAssembly", async (context) => {
  await assert.rejects(
    loader()(() => undefined),
    failed(/no module/, /init\(source\)/),
  );
  const { WebAssembly: real } = globalThis;
  context.after(() => Object.assign(globalThis, { WebAssembly: real }));
  Object.assign(globalThis, { WebAssembly: undefined });
  await assert.rejects(
    loader()(() => EMPTY_MODULE),
    failed(/no WebAssembly/, /lockdown/),
  );
});
