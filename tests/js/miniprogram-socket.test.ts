import assert from "node:assert/strict";
import { test } from "node:test";
import { HostSocket } from "../../js/src/miniprogram/socket.js";
import type { WireEvents } from "../../js/src/miniprogram/transport.js";

const REQUEST = { url: "wss://h/", protocols: ["mqtt"], header: {} };
const HOST = { connectSocket() {} };
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What a host may tell, in whatever order. */
const NEWS: Record<string, (events: WireEvents) => void> = {
  accepted: (events) => events.accepted(),
  opened: (events) => events.opened({ "sec-websocket-PROTOCOL": "mqtt" }),
  received: (events) => events.received(new ArrayBuffer(2)),
  failed: (events) => events.failed({ errMsg: "no" }),
  closed: (events) => events.closed(1001, "bye"),
};

/** Opens a socket on a host that can be told what to say; `within` it says within the call. */
function dial({ within = [] as string[], throws = false } = {}) {
  const told: string[] = [];
  let events!: WireEvents;
  let closes = 0;
  const sent: [ArrayBuffer, (failure?: unknown) => void][] = [];
  const socket = new HostSocket(
    (_host, _request, given) => {
      events = given;
      for (const news of within) NEWS[news]?.(events);
      if (throws) throw new Error("refused");
      return { send: (bytes, done) => void sent.push([bytes, done]), close: () => void closes++ };
    },
    HOST,
    REQUEST,
  );
  const listen = () => {
    socket.onopen = () => told.push("open");
    socket.onmessage = () => told.push("message");
    socket.onerror = () => told.push("error");
    socket.onclose = ({ code }: { code: number }) => told.push(`close ${code}`);
  };
  return { socket, told, sent, listen, tell: (news: string) => NEWS[news]?.(events), closes: () => closes };
}

function* sequences(length: number): Generator<string[]> {
  if (length === 0) return yield [];
  for (const rest of sequences(length - 1)) for (const news of Object.keys(NEWS)) yield [...rest, news];
}

test("news in any order, twice, early or late: it opens once, ends once, and is silent then", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const sequence of sequences(4)) {
    for (const early of [0, 2, 4]) {
      const { socket, told, listen, tell } = dial({ within: sequence.slice(0, early) });
      listen();
      for (const news of sequence.slice(early)) tell(news);
      for (let i = 0; i < 3; i++) await undefined;
      t.mock.timers.tick(200);
      const label = `${sequence.join()}, ${early} within: ${told.join()}`;
      const story = told.join();
      assert.match(story, /^(open(,message)*)?(,?close \d+)?$/, label);
      const opens = sequence.indexOf("opened");
      const ends = sequence.findIndex((news) => news === "failed" || news === "closed");
      assert.equal(told.includes("open"), opens >= 0 && (ends < 0 || opens < ends), label);
      assert.equal(story.includes("close"), ends >= 0, label);
      assert.equal(socket.readyState, ends >= 0 ? 3 : opens >= 0 ? 1 : 0, label);
      if (ends >= 0)
        assert.equal(
          socket.failure !== undefined,
          sequence.includes("failed") && !isAfterEnd(sequence),
          label,
        );
    }
  }
});

/** Whether a failure is told only after a close. */
function isAfterEnd(sequence: string[]): boolean {
  const closed = sequence.indexOf("closed");
  return closed >= 0 && closed < sequence.indexOf("failed");
}

test("a failure of an open socket waits for the close that says more", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { told, listen, tell } = dial();
  listen();
  await undefined;
  await undefined;
  for (const news of ["opened", "failed", "closed"]) tell(news);
  assert.deepEqual(told, ["open", "close 1001"]);
});

test("the host gets exact bytes, and what it holds is counted until it answers", async () => {
  const { socket, sent, listen, tell, told } = dial();
  listen();
  assert.throws(() => socket.send(new Uint8Array(1)));
  tell("opened");
  await turn();
  const memory = new Uint8Array(100).fill(7);
  memory.set([1, 2, 3], 50);
  socket.send(memory.subarray(50, 53));
  memory.fill(0);
  assert.deepEqual(new Uint8Array(sent[0]?.[0] ?? new ArrayBuffer(0)), Uint8Array.of(1, 2, 3));
  socket.send(new Uint8Array(10));
  assert.equal(socket.bufferedAmount, 13);
  sent[0]?.[1]();
  sent[0]?.[1]();
  assert.equal(socket.bufferedAmount, 10);
  sent[1]?.[1]({ errMsg: "send:fail" });
  assert.deepEqual([socket.bufferedAmount, told.at(-1), socket.readyState], [0, "close 1006", 3]);
});

test("closed before it opens: closed again by whatever says that it is there after all", () => {
  const { socket, tell, closes, told, listen } = dial();
  listen();
  socket.close();
  socket.close();
  assert.equal(closes(), 1);
  tell("accepted");
  tell("opened");
  assert.equal(closes(), 3);
  tell("received");
  assert.deepEqual([told, socket.readyState], [[], 3]);
});

test("one that nobody takes over is closed", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const left = dial();
  const taken = dial();
  taken.listen();
  t.mock.timers.tick(60_000);
  assert.deepEqual([left.closes(), taken.closes()], [1, 0]);
});

test("a refusal without a word ends after a second, with its words if there are any", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const silent = dial({ throws: true });
  silent.listen();
  await undefined;
  await undefined;
  t.mock.timers.tick(999);
  assert.deepEqual(silent.told, []);
  t.mock.timers.tick(1);
  assert.deepEqual(silent.told, ["close 1006"]);
  assert.match(String(silent.socket.failure), /refused/);
  const wordy = dial({ throws: true });
  wordy.listen();
  await undefined;
  await undefined;
  wordy.tell("failed");
  assert.deepEqual([wordy.told, wordy.socket.failure], [["close 1006"], { errMsg: "no" }]);
});
