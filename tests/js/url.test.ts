import assert from "node:assert/strict";
import { mock, type TestContext, test } from "node:test";
import { MqttError } from "../../js/src/errors.js";
import type { Rotation } from "../../js/src/rotation.js";
import { checkUrl, Urls } from "../../js/src/url.js";
import { createFake } from "./support/fake.js";
import { rotation } from "./support/rotation.js";

const code = (name: string, hint = /./) => ({ code: name, hint });

test("ws and wss pass", () => {
  assert.equal(checkUrl("wss://broker.example.com/mqtt"), "wss://broker.example.com/mqtt");
  assert.equal(checkUrl(new URL("ws://10.0.0.1:9001"), "http:"), "ws://10.0.0.1:9001/");
  assert.equal(checkUrl("WSS://Example.com/mqtt?token=a%23b"), "wss://example.com/mqtt?token=a%23b");
});

test("schemes that browsers cannot open get a hint of their own", () => {
  for (const url of ["mqtt://h", "mqtts://h:8883", "tcp://h:1883", "ssl://h", "tls://h"]) {
    assert.throws(() => checkUrl(url), code("invalid-url", /cannot open TCP/), url);
  }
  assert.throws(() => checkUrl("https://h/mqtt"), code("invalid-url", /wss:\/\/ in place of https:/));
  assert.throws(() => checkUrl("http://h/mqtt"), code("invalid-url", /ws:\/\/ in place of http:/));
  assert.throws(() => checkUrl("ftp://h"), code("invalid-url"));
});

test("what is not an absolute URL", () => {
  for (const input of ["/mqtt", "broker.example.com", "", undefined, null, 7, {}]) {
    assert.throws(() => checkUrl(input), code("invalid-url"), String(input));
  }
});

test("credentials and fragments are refused, and never quoted", () => {
  const check = (url: string, hint: RegExp) =>
    assert.throws(
      () => checkUrl(url),
      (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, "invalid-url");
        assert.match(error.hint, hint);
        assert.doesNotMatch(JSON.stringify([error.message, error.stack]), /secret/);
        return true;
      },
    );
  check("wss://ada:secret@h/mqtt", /`username` and `password`/);
  check("wss://:secret@h/", /`password`/);
  check("wss://h/mqtt#secret", /%23/);
  check("wss://h/#", /%23/);
  check("https://h/?token=secret", /wss/);
});

test("ws:// on an https: page only to this machine", () => {
  for (const host of ["broker.local", "192.168.1.5", "localhost.example.com", "127.example.com", "[::2]"]) {
    assert.throws(() => checkUrl(`ws://${host}/`, "https:"), code("insecure-url"), host);
    assert.ok(checkUrl(`ws://${host}/`, "http:"), host);
    assert.ok(checkUrl(`wss://${host}/`, "https:"), host);
  }
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
    assert.ok(checkUrl(`ws://${host}:9001/`, "https:"), host);
  }
});

const failed = new MqttError("connect-failed");
const lost = new MqttError("connection-closed");
const next = (urls: Rotation) => urls.next({ number: 1 });

/** A clock that stands still until a test moves it. */
function clock(context: TestContext) {
  let now = 1000;
  context.after(() => mock.restoreAll());
  mock.method(performance, "now", () => now);
  return (seconds: number) => {
    now += seconds * 1000;
  };
}

test("a list is tried in turn, and one URL for as long as its attempt or connection lasts", async (context) => {
  clock(context);
  const list = ["wss://a/", new URL("wss://b/"), "wss://c/"];
  const urls = rotation(list);
  const [many, asked] = [new Urls(list), new Urls(() => "wss://a/")];
  assert.deepEqual([many.count, many.first], [3, "wss://a/"]);
  assert.deepEqual([asked.count, asked.first], [1, ""]);
  const tried = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    tried.push(await next(urls));
    assert.equal(await next(urls), tried.at(-1), "dialled again with the other version");
    assert.equal(urls.ended(failed, false), false);
  }
  assert.deepEqual(tried, ["wss://a/", "wss://b/", "wss://c/", "wss://a/"]);
});

test("the URL that worked last is taken again", async (context) => {
  const pass = clock(context);
  const urls = rotation(["wss://a/", "wss://b/"]);
  await next(urls);
  urls.ended(failed, false);
  assert.equal(await next(urls), "wss://b/");
  pass(3600);
  urls.ended(lost, true, 2);
  assert.equal(await next(urls), "wss://b/", "although the first one has rested");
  urls.ended(undefined, true);
  assert.equal(await next(urls), "wss://b/", "left on purpose");
});

test("a URL that failed rests longer each time, and is preferred to one that rests longer", async (context) => {
  for (const [failures, longest] of [
    [1, 10],
    [2, 20],
    [3, 40],
    [9, 300],
  ] as const) {
    for (const early of [true, false]) {
      const pass = clock(context);
      const urls = rotation(["wss://a/", "wss://b/"]);
      for (let failure = 0; failure < failures; failure++) {
        assert.equal(await next(urls), "wss://a/");
        urls.ended(failed, false);
        assert.equal(await next(urls), "wss://b/");
        if (failure < failures - 1) urls.ended(failed, false);
      }
      urls.ended(lost, true, 2);
      // The other one, which has just worked, fails and rests for ten seconds.
      pass(longest - 10 + (early ? -1 : 1));
      assert.equal(await next(urls), "wss://b/");
      urls.ended(failed, false);
      assert.equal(await next(urls), early ? "wss://b/" : "wss://a/", `${failures} failures`);
      mock.restoreAll();
    }
  }
});

test("a URL whose connections end at once rests like one that has none", async (context) => {
  clock(context);
  const urls = rotation(["wss://a/", "wss://b/"]);
  await next(urls);
  urls.ended(lost, true, 2);
  assert.equal(await next(urls), "wss://a/", "once is chance");
  urls.ended(lost, true, 3);
  assert.equal(await next(urls), "wss://b/");
});

test("an attempt that was given up says nothing about its URL", async (context) => {
  clock(context);
  const urls = rotation(["wss://a/", "wss://b/"]);
  await next(urls);
  urls.ended(failed, false);
  assert.equal(await next(urls), "wss://b/");
  urls.ended(undefined, false);
  assert.equal(await next(urls), "wss://b/");
  urls.ended(failed, false);
  assert.equal(await next(urls), "wss://a/", "as little as for having worked");
});

test("the engine knows how many URLs take turns", async () => {
  const { engine } = await createFake({}, ["wss://a/", "wss://b/", "wss://c/"]);
  assert.equal(engine.options.servers, 3);
  assert.equal((await createFake({}, () => "wss://a/")).engine.options.servers, 1);
});

test("a function is asked each time, with the attempt; its answer is checked", async () => {
  const urls = new Urls(async ({ number }) => (number < 2 ? `wss://h/?signature=${number}` : "mqtt://h"));
  assert.equal(urls.count, 1);
  assert.equal(await urls.next({ number: 1 }), "wss://h/?signature=1");
  await assert.rejects(urls.next({ number: 2 }), code("invalid-url"));
});

test("fixed URLs are checked when the client is made", () => {
  assert.throws(() => new Urls("nope"), code("invalid-url"));
  assert.throws(() => new Urls(["wss://a/", "mqtt://b"]), code("invalid-url"));
  assert.throws(() => new Urls([]), code("invalid-url"));
});
