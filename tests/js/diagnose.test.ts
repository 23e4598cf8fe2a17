import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { explain } from "../../js/src/diagnose/explain.js";
import { type Facts, judge } from "../../js/src/diagnose/judge.js";
import { addressKind, isBlockedPort, isMoreLocal } from "../../js/src/diagnose/page.js";
import { shownText, shownUrl } from "../../js/src/diagnose/redact.js";
import { diagnose } from "../../js/src/diagnose/run.js";
import { TEXTS } from "../../js/src/diagnose/texts.js";
import type { DiagnosisCode } from "../../js/src/diagnose/types.js";
import { MqttError } from "../../js/src/errors.js";

const url = new URL("wss://broker.example.com:8443/mqtt");
const facts: Facts = {
  isTls: true,
  pageIsSecure: true,
  blockedPort: false,
  online: true,
  offered: ["mqtt"],
  socket: { kind: "closed", code: 1006 },
  otherSubprotocol: { kind: "closed", code: 1006 },
  http: { kind: "failed" },
};
const silent: Partial<Facts> = { socket: { kind: "silent" } };
const mqtt = (error?: MqttError, rest = {}): Partial<Facts> => ({
  socket: { kind: "open", protocol: "mqtt" },
  mqtt: { received: 0, opened: 1, ...(error && { error }), ...rest },
});
const accepted = { server: {} };

const rows: [name: string, facts: Partial<Facts>, code: DiagnosisCode, certain: boolean][] = [
  ["nothing answers", {}, "unreachable", false],
  ["nothing answers in time", { ...silent, http: { kind: "silent" } }, "silent", false],
  ["the policy hides what answers", { http: { kind: "not-allowed" } }, "unreachable", false],
  ["the policy hides what is silent", { ...silent, http: { kind: "not-allowed" } }, "silent", false],
  [
    "a denied permission explains silence of the network",
    { permission: "denied" },
    "local-network-denied",
    true,
  ],
  ["but not what answers", { permission: "denied", http: { kind: "opaque" } }, "http-answer", false],
  ["a question to the user is no answer", { permission: "prompt" }, "unreachable", false],
  ["offline", { online: false }, "offline", true],
  ["TLS fails, as Firefox tells", { socket: { kind: "closed", code: 1015 } }, "tls-failed", false],
  [
    "plain HTTP is answered with 400, as servers with TLS do",
    { otherScheme: { kind: "status", status: 400 } },
    "tls-failed",
    false,
  ],
  ["plain HTTP is answered somehow", { otherScheme: { kind: "opaque" } }, "tls-failed", false],
  ["plain HTTP is answered well", { otherScheme: { kind: "status", status: 404 } }, "tls-not-spoken", true],
  [
    "TLS works for the root",
    { otherScheme: { kind: "opaque" }, root: { kind: "opaque" } },
    "connection-dropped",
    false,
  ],
  ["TLS where none was wanted", { isTls: false, otherScheme: { kind: "opaque" } }, "tls-required", true],
  ["another origin answers", { http: { kind: "opaque" } }, "http-answer", false],
  [
    "another origin answers, the upgrade hangs",
    { ...silent, http: { kind: "opaque" } },
    "upgrade-silent",
    false,
  ],
  [
    "only this path hangs",
    { ...silent, http: { kind: "silent" }, root: { kind: "status", status: 200 } },
    "upgrade-silent",
    false,
  ],
  ["a redirect", { http: { kind: "redirect" } }, "redirected", true],
  [
    "another origin answers, and another path works",
    { http: { kind: "opaque" }, otherPath: new URL("wss://broker.example.com:8443/ws?token=1") },
    "wrong-path",
    true,
  ],
  [
    "a path is missing, and another one works",
    { http: { kind: "status", status: 404 }, otherPath: new URL("wss://broker.example.com:8443/ws") },
    "not-found",
    true,
  ],
  ["the host answers, the port does not", { usualPort: { kind: "opaque" } }, "port-unreachable", false],
  [
    "the host answers, the port only hangs up on this path",
    { usualPort: { kind: "opaque" }, root: { kind: "opaque" } },
    "connection-dropped",
    false,
  ],
  [
    "it opens without subprotocol",
    { otherSubprotocol: { kind: "open", protocol: "" } },
    "subprotocol-rejected",
    true,
  ],
  [
    "it opens with one only",
    { offered: [], otherSubprotocol: { kind: "open", protocol: "mqtt" } },
    "subprotocol-required",
    true,
  ],
  [
    "Firefox opens although none was selected",
    { socket: { kind: "open", protocol: "" } },
    "subprotocol-rejected",
    true,
  ],
  ["a bad argument", { socket: { kind: "threw", name: "SyntaxError" } }, "invalid-url", true],
  [
    "WebKit speaks for the policy",
    { socket: { kind: "threw", name: "SecurityError" } },
    "blocked-by-csp",
    true,
  ],
  ["mixed content", { isTls: false, socket: { kind: "threw", name: "SecurityError" } }, "insecure-url", true],
  ["the policy reported it", { socket: { kind: "forbidden" } }, "blocked-by-csp", true],
  ["all is well", mqtt(), "ok", true],
  ["no CONNACK", mqtt(new MqttError("connack-timeout")), "connack-timeout", false],
  ["no ping answer", mqtt(new MqttError("timeout"), accepted), "keep-alive-timeout", true],
  ["closed before CONNACK", mqtt(new MqttError("closed-before-connack")), "closed-before-connack", false],
  ["closed after CONNACK", mqtt(new MqttError("connection-closed"), accepted), "closed-after-connack", false],
  [
    "closed with 1009",
    mqtt(new MqttError("too-large-for-server", { closeCode: 1009 })),
    "packet-too-large",
    true,
  ],
  [
    "DISCONNECT 0x95",
    mqtt(new MqttError("disconnected-by-server", { reasonCode: 0x95 }), accepted),
    "packet-too-large",
    true,
  ],
  ["nonsense first", mqtt(new MqttError("protocol-error")), "not-mqtt", true],
  ["nonsense later", mqtt(new MqttError("protocol-error"), accepted), "protocol-error", true],
  ["the second WebSocket fails", mqtt(new MqttError("connect-failed")), "unstable", false],
  ["no module", mqtt(new MqttError("wasm-load-failed")), "wasm-load-failed", true],
  [
    "options that do not fit the version",
    mqtt(new MqttError("unsupported-in-version")),
    "client-error",
    true,
  ],
  ...[200, 301, 400, 401, 403, 404, 426, 500, 502, 503, 504].map((status): (typeof rows)[number] => [
    `HTTP ${status}`,
    { http: { kind: "status", status } },
    ({
      200: "not-a-websocket",
      400: "upgrade-missing",
      401: "forbidden",
      403: "forbidden",
      404: "not-found",
      426: "upgrade-missing",
      502: "bad-gateway",
      503: "bad-gateway",
      504: "bad-gateway",
    }[status] ?? "http-status") as DiagnosisCode,
    [200, 401, 403, 404].includes(status),
  ]),
];

for (const [name, more, code, certain] of rows)
  test(`judges: ${name}`, () => {
    const all = { ...facts, ...more };
    assert.deepEqual(judge(all), { code, certain });
    const verdict = explain(judge(all), all, url);
    for (const text of [verdict.summary, verdict.hint, ...verdict.checks]) {
      assert.match(text, /^[A-Z/a-z].{10,}[.;?…]$/);
      assert.doesNotMatch(text, /[{}]|undefined|null/);
    }
    if (!certain) assert.ok(verdict.checks.length > 1, "who cannot know says what it may be");
  });

test("every verdict has a layer, a sentence and a hint", () => {
  for (const [code, [layer, summary, hint]] of Object.entries(TEXTS)) {
    assert.match(layer, /^(page|network|tls|http|websocket|mqtt|application)$/, code);
    for (const text of [summary, hint]) assert.match(text, /^[A-Z{].{15,}\.$/, code);
  }
});

test("a path that works is named, without the values of its query", () => {
  const otherPath = new URL("wss://broker.example.com:8443/ws?token=s3cret");
  for (const code of ["wrong-path", "not-found", "redirected"] as const) {
    const { hint } = explain({ code, certain: true }, { ...facts, otherPath }, url);
    assert.match(hint, /^Use \/ws\?token=… in place of \/mqtt/, code);
  }
});

test("what the address makes likely comes first", () => {
  const checks = (address: string, more: Partial<Facts> = {}) =>
    explain({ code: "unreachable", certain: false }, { ...facts, ...more }, new URL(address)).checks;
  assert.match(checks("wss://broker.example.com:8883/")[0] ?? "", /^Port 8883 is that of MQTT over TCP/);
  assert.match(checks("wss://192.0.2.7/")[0] ?? "", /must name the IP address/);
  assert.match(checks("wss://10.0.0.7/", { permission: "prompt" })[1] ?? "", /local network/);
  assert.ok(
    !checks("ws://a.example/", { isTls: false }).some((check) => /certificate|without TLS/.test(check)),
  );
  assert.match(
    checks("wss://a.example/", { http: { kind: "not-allowed" } })[0] ?? "",
    /https:\/\/a\.example/,
  );
});

test("addresses", () => {
  const kinds = {
    localhost: "loopback",
    "a.localhost": "loopback",
    "127.9.9.9": "loopback",
    "[::1]": "loopback",
  };
  const privates = [
    "10.1.2.3",
    "172.16.0.1",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.1.1",
    "[fe80::1]",
    "[fd00::1]",
    "tv.local",
  ];
  for (const [host, kind] of Object.entries(kinds)) assert.equal(addressKind(host), kind);
  for (const host of privates) assert.equal(addressKind(host), "private", host);
  for (const host of ["172.32.0.1", "110.1.2.3", "example.com", "[2001:db8::1]", "fd.example"])
    assert.equal(addressKind(host), "public", host);
  assert.deepEqual(
    [isMoreLocal("loopback", "public"), isMoreLocal("private", "private"), isMoreLocal("public", "loopback")],
    [true, false, false],
  );
  assert.ok(isBlockedPort(new URL("ws://a:6667/")) && !isBlockedPort(new URL("wss://a/")));
});

test("no secret is shown", () => {
  const secret = `wss://ada:pw@host/mqtt/${"t0ken".repeat(6)}/x?token=abc&${"k".repeat(30)}=1#no`;
  assert.equal(shownUrl(new URL(secret)), "wss://host/mqtt/…/x?token=…&…=…");
  assert.equal(shownText("user ada\n pw \u0007hunter2\u202e", ["hunter2", undefined, ""]), "user ada pw …");
  assert.equal(shownText("x".repeat(999), []).length, 201);
});

// ── a run, without a network ──────────────────────────────────────────────────────────────────────────────────────

const real = { WebSocket: globalThis.WebSocket, fetch: globalThis.fetch };
afterEach(() => void Object.assign(globalThis, real));

class HangingSocket {
  static readonly all: HangingSocket[] = [];
  closed = false;
  constructor() {
    HangingSocket.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
}

function hang(): AbortSignal[] {
  const signals: AbortSignal[] = [];
  HangingSocket.all.length = 0;
  Object.assign(globalThis, {
    WebSocket: HangingSocket,
    fetch: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  return signals;
}

test("each step ends by itself, and what it opened is closed", async () => {
  const signals = hang();
  const report = await diagnose("wss://host.example/a/b?token=s3cret", { timeout: 300, password: "s3cret" });
  assert.equal(report.verdict.code, "silent");
  assert.deepEqual(
    report.steps.map(({ name }) => name),
    ["page", "url", "websocket", "http", "http-root"],
  );
  assert.ok(HangingSocket.all.length > 0 && HangingSocket.all.every(({ closed }) => closed));
  assert.ok(signals.length > 0 && signals.every(({ aborted }) => aborted));
  assert.doesNotMatch(report.toText() + JSON.stringify(report), /s3cret/);
  assert.equal(`${report}`, report.toText());
});

test("an abort ends it at once", async () => {
  hang();
  const controller = new AbortController();
  const running = diagnose("wss://host.example/", { signal: controller.signal });
  controller.abort("enough");
  await assert.rejects(running, ({ code, cause }: MqttError) => code === "aborted" && cause === "enough");
  assert.ok(HangingSocket.all.every(({ closed }) => closed));
  await assert.rejects(diagnose("wss://host.example/", { signal: controller.signal }), { code: "aborted" });
});

test("wrong options are refused before anything is sent", async () => {
  hang();
  for (const options of [{ timeOut: 1 }, { timeout: 10 }, { timeout: "1" }, { keepAlive: -1 }])
    await assert.rejects(diagnose("wss://host.example/", options as object), { code: "invalid-option" });
  assert.equal(HangingSocket.all.length, 0);
});

test("URLs that no browser opens are explained without a try", async () => {
  hang();
  for (const bad of ["mqtt://host:1883", "https://host/", "/mqtt", "wss://ada:pw@host/", "wss://host/#x"]) {
    const { ok, verdict, steps } = await diagnose(bad);
    assert.deepEqual([ok, verdict.code, steps.at(-1)?.result], [false, "invalid-url", "failed"], bad);
  }
  assert.equal(HangingSocket.all.length, 0);
});
