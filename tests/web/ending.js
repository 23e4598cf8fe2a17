import { Clock } from "./support/clock.js";
import { equal, ok, turn } from "./support/expect.js";
import { connack, names, publish } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

const GONE = [null, null, null, null];
const LEAVE = { reasonCode: 0, drainTimeout: 1000 };

export async function terminateRetiresTheSocket(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  engine.terminate();
  await turn();
  equal([socket.sent, socket.closed, socket.handlers], [[], [[1000]], GONE], "sent, closed, handlers");
  equal(
    host.records.map(({ kind, state, detail }) => [kind, state, detail]),
    [
      ["state", "closed", undefined],
      ["closed", undefined, undefined],
    ],
  );
}

export async function disconnectSpeaksBeforeItCloses(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  let sentBefore;
  const { close } = socket;
  socket.close = (...args) => {
    sentBefore = names(socket.sent);
    close.apply(socket, args);
  };
  engine.disconnect({ ...LEAVE, reasonCode: 4, reasonString: "bye", userProperties: ["k", "v"] });
  await turn();
  equal(sentBefore, [["DISCONNECT"]], "sent before close");
  equal([socket.closed, socket.handlers], [[[1000]], GONE], "closed and handlers");
  equal(host.of("closed").length, 1, "closed records");
}

export async function lateEventsMeanNothing(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  const [onopen, onmessage, onerror, onclose] = socket.handlers;
  engine.terminate();
  await turn();
  const before = host.records.length;
  onopen({});
  onmessage({ data: Uint8Array.from(publish("a", "x")).buffer });
  onerror({});
  onclose({ code: 1006, reason: "late" });
  await turn();
  equal(host.records.slice(before), [], "records");
  equal([socket.sent, socket.closed], [[], [[1000]]], "sent and closed");
}

export async function aCloseIsReportedOnce(module) {
  const { host, socket } = await new Rig(module).connect();
  const { onclose } = socket;
  socket.end(3001, "maintenance");
  onclose({ code: 3001, reason: "again" });
  equal(host.of("disconnected").length, 1, "disconnected records");
  const { code, closeCode, text } = host.of("disconnected")[0].detail;
  const expected = { code: CODE.connectionClosed, closeCode: 3001, text: "maintenance" };
  equal({ code, closeCode, text }, expected);
  equal(socket.handlers, GONE, "handlers");
}

/** Chromium fires no more than this for what CSP forbids. */
export async function anErrorWithoutCloseEndsTheAttempt(module) {
  await failWithoutClose(module, 3);
}

/** WebKit fires no more than this for blocked ports, and is still connecting then. */
export async function anErrorWhileConnectingEndsTheAttempt(module) {
  await failWithoutClose(module, 0);
}

async function failWithoutClose(module, readyState) {
  const clock = new Clock();
  const { host, socket } = await new Rig(module).start();
  socket.fail(readyState);
  equal(host.of("disconnected"), [], "disconnected at once");
  clock.advance(1000);
  const { code, closeCode, retryable } = host.of("disconnected")[0].detail;
  equal({ code, closeCode, retryable }, { code: CODE.connectFailed, closeCode: 1006, retryable: true });
  equal([socket.handlers, host.attempts], [GONE, [1, 2]], "handlers and attempts");
  await turn();
  clock.advance(1000);
  equal(host.of("disconnected").length, 1, "disconnected records");
}

export async function anErrorOfAnOpenSocketMeansNothing(module) {
  const clock = new Clock();
  const { host, socket } = await new Rig(module).connect();
  socket.fail(1);
  clock.advance(1000);
  socket.receive(publish("a", "x"));
  equal([host.of("disconnected"), host.of("message").length], [[], 1], "disconnected and messages");
}

export async function anErrorThatACloseFollowsIsReportedOnce(module) {
  const clock = new Clock();
  const { host, socket } = await new Rig(module).start();
  socket.fail();
  socket.end(1015, "");
  clock.advance(1000);
  await turn();
  clock.advance(1000);
  equal(
    host.of("disconnected").map(({ detail }) => detail.closeCode),
    [1015],
  );
}

export async function theNextAttemptHasItsOwnSocket(module) {
  const clock = new Clock();
  const rig = await new Rig(module).connect();
  const [first] = rig.host.sockets;
  first.end();
  clock.advance(1);
  await turn();
  ok(rig.socket !== first, "another socket");
  rig.socket.open();
  rig.socket.receive(connack());
  rig.socket.receive(publish("a", "of the second"));
  equal(
    rig.host.of("message").map(({ payload }) => new TextDecoder().decode(payload)),
    ["of the second"],
  );
  equal(first.handlers, GONE, "handlers of the first");
}

export async function freeRetiresEverything(module) {
  const clock = new Clock();
  const rig = await new Rig(module, { options: { keepAlive: 1 } }).connect();
  const { host, socket } = rig;
  equal(clock.waiting, 1, "timers that wait");
  rig.publish("a", "never sent");
  rig.engine.free();
  equal([socket.closed, socket.handlers, clock.waiting], [[[1000]], GONE, 0], "closed, handlers, timers");
  clock.advance(10_000);
  equal([socket.sent, host.records], [[], []], "sent and records");
}
