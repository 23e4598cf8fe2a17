import assert from "node:assert/strict";
import { test } from "node:test";
import { checkUrl, UrlRotation } from "../../js/src/url.js";

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

test("a list moves on after a failure and starts over at its end", async () => {
  const urls = new UrlRotation(["wss://a/", new URL("wss://b/")]);
  assert.equal(urls.count, 2);
  const next = () => urls.next({ number: 1 });
  assert.equal(await next(), "wss://a/");
  assert.equal(await next(), "wss://a/");
  assert.equal(urls.ended(undefined, false), false);
  assert.equal(await next(), "wss://b/");
  urls.ended(undefined, true); // it had been accepted: this URL works
  assert.equal(await next(), "wss://b/");
  urls.ended(undefined, false);
  assert.equal(await next(), "wss://a/");
});

test("a function is asked each time, with the attempt; its answer is checked", async () => {
  const urls = new UrlRotation(async ({ number }) =>
    number < 2 ? `wss://h/?signature=${number}` : "mqtt://h",
  );
  assert.equal(urls.count, 1);
  assert.equal(await urls.next({ number: 1 }), "wss://h/?signature=1");
  await assert.rejects(urls.next({ number: 2 }), code("invalid-url"));
});

test("fixed URLs are checked when the client is made", () => {
  assert.throws(() => new UrlRotation("nope"), code("invalid-url"));
  assert.throws(() => new UrlRotation(["wss://a/", "mqtt://b"]), code("invalid-url"));
  assert.throws(() => new UrlRotation([]), code("invalid-url"));
});
