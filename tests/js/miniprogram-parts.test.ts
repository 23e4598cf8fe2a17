import assert from "node:assert/strict";
import { test } from "node:test";
import { engineError, MqttError } from "../../js/src/errors.js";
import * as own from "../../js/src/miniprogram/abort.js";
import { ownBuffer } from "../../js/src/miniprogram/buffers.js";
import { explain } from "../../js/src/miniprogram/explain.js";
import { locks } from "../../js/src/miniprogram/locks.js";
import { HostUrl } from "../../js/src/miniprogram/url.js";
import { checkUrl } from "../../js/src/url.js";

test("URLs are taken apart as the standard does it", () => {
  for (const url of [
    "wss://broker.example/mqtt",
    "WSS://Broker.Example:443/MQTT?a=b/c#d",
    "ws://127.0.0.1:1883",
    "wss://[::1]:8884/a b?ä=ö",
    "wss://user:secret@host.example:080/x",
    "  wss://h?x  ",
  ]) {
    const [theirs, ours] = [new URL(url), new HostUrl(url)];
    for (const name of [
      "protocol",
      "username",
      "password",
      "hostname",
      "host",
      "pathname",
      "href",
      "origin",
    ] as const) {
      assert.equal(ours[name], theirs[name], `${url}: ${name}`);
    }
  }
  for (const input of [
    "",
    "a",
    "/mqtt",
    "wss:",
    "wss://",
    "wss:///x",
    "wss://a b/",
    "wss://h:70000/",
    "wss://h:x/",
    5,
    null,
    undefined,
    {},
  ]) {
    assert.throws(() => new HostUrl(input), TypeError, String(input));
  }
});

test("every check of URLs gives the same with it", () => {
  const inputs = [
    "wss://h/x",
    "ws://h",
    "tcp://h",
    "https://h/x",
    "wss://u:p@h/",
    "wss://h/#a",
    "wss://h/%23",
    "wss://h:1/?q#",
    "ftp://h",
    "x",
    7,
  ];
  const judged = inputs.map((input) => {
    try {
      return checkUrl(input);
    } catch (error) {
      return (error as MqttError).message;
    }
  });
  const { URL: theirs } = globalThis;
  try {
    Object.assign(globalThis, { URL: HostUrl });
    for (const [index, input] of inputs.entries()) {
      let now: string;
      try {
        now = checkUrl(input);
      } catch (error) {
        now = (error as MqttError).message;
      }
      assert.equal(now, judged[index], String(input));
    }
  } finally {
    Object.assign(globalThis, { URL: theirs });
  }
});

test("signals: told once, with the reason, and any implementation is one", () => {
  const controller = new own.AbortController();
  const { signal } = controller;
  const told: string[] = [];
  const removed = () => told.push("removed");
  signal.addEventListener("abort", () => told.push("listener"));
  signal.addEventListener("abort", removed);
  signal.removeEventListener("abort", removed);
  signal.onabort = () => told.push("onabort");
  controller.abort("why");
  controller.abort("again");
  assert.deepEqual([told, signal.aborted, signal.reason], [["onabort", "listener"], true, "why"]);
  assert.ok(new globalThis.AbortController().signal instanceof own.AbortSignal);
  for (const other of [{}, null, undefined, { aborted: 1 }, "x"])
    assert.equal((other as object) instanceof own.AbortSignal, false);
});

test("locks: one holder at a time, in order, and who gives up is passed over", async () => {
  const order: string[] = [];
  const stop = (ms?: number) => {
    const controller = new AbortController();
    if (ms !== undefined) queueMicrotask(() => controller.abort());
    return { signal: controller.signal };
  };
  let release: () => void = () => {};
  const first = locks.request("a", stop(), () => {
    order.push("first");
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const second = locks.request("a", stop(0), async () => order.push("never"));
  const third = locks.request("a", stop(), async () => order.push("third"));
  const other = locks.request("b", stop(), async () => order.push("other"));
  await assert.rejects(second, /aborted/);
  await other;
  assert.deepEqual(order, ["first", "other"]);
  release();
  await Promise.all([first, third]);
  await assert.rejects(locks.request("a", { signal: AbortSignal.abort() }, async () => order.push("never")));
  await assert.rejects(
    locks.request("a", stop(), async () => Promise.reject(new Error("mine"))),
    /mine/,
  );
  await locks.request("a", stop(), async () => order.push("last"));
  assert.deepEqual(order, ["first", "other", "third", "last"]);
});

test("buffers of another realm become our own, everything else stays", () => {
  const buffer = Uint8Array.of(1, 2, 3).buffer;
  for (const same of [buffer, new Uint8Array(buffer), "text", undefined, 5, {}])
    assert.equal(ownBuffer(same), same);
  const view = ownBuffer(new DataView(buffer, 1, 2)) as ArrayBuffer;
  assert.deepEqual(new Uint8Array(view), Uint8Array.of(2, 3));
});

/** What hosts were seen to say, and what it means. */
const SAID: [failure: unknown, code: string][] = [
  [{ errMsg: "connectSocket:fail fail reach max websocket connect count 5" }, "socket-limit"],
  [{ errMsg: "connectSocket:fail url not in domain list" }, "domain-not-allowed"],
  [{ errMsg: "request:fail 不在以下 socket 合法域名列表中" }, "domain-not-allowed"],
  [{ errMsg: "connectSocket:fail interrupted" }, "interrupted"],
  ["interrupted", "interrupted"],
  [{ data: { error: 8, errorMessage: "Invalid Sec-WebSocket-Accept" } }, "subprotocol-rejected"],
  [{ error: 8 }, "subprotocol-rejected"],
  [{ error: 6 }, "connect-timeout"],
  [{ errMsg: "connectSocket:fail time out" }, "connect-timeout"],
  [{ errMsg: "connectSocket:fail SSL handshake error" }, "tls-failed"],
  [new Error("connectSocket:fail"), "connect-failed"],
  [{}, "connect-failed"],
  [null, "connect-failed"],
  [5, "connect-failed"],
];

test("what a host says of a socket becomes a typed error", () => {
  const error = engineError(
    39,
    -1,
    -1,
    -1,
    undefined,
    undefined,
    1006,
    undefined,
    undefined,
    undefined,
    0,
    12,
    1,
  );
  for (const [failure, code] of SAID) {
    const better = explain(error, { failure, isAccepted: true });
    assert.equal(better.code, code, JSON.stringify(failure));
    assert.equal(better.cause, failure);
    assert.deepEqual([better.retryable, better.evidence, better.closeCode], [true, error.evidence, 1006]);
    assert.match(better.hint, /^[A-Z].{20,}[.]$/);
    assert.ok(better.message.startsWith(code));
  }
  assert.equal(explain(error, { failure: undefined, isAccepted: true }), error);
  const other = new MqttError("connect-refused");
  assert.equal(explain(other, { failure: "interrupted", isAccepted: true }), other);
});
