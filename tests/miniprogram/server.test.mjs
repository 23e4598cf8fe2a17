// The byte check itself: what it must let pass, and what it must not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createReader, Violation } from "./server/strict.mjs";
import { CONNECT } from "./support.mjs";

const hex = (text) => Buffer.from(text.replaceAll(" ", ""), "hex");
const CONNECT_5 = hex("10 0e 0004 4d515454 05 02 0000 00 0001 61");

/** The names of the packets in some messages that follow a CONNECT. */
function read(connect, ...messages) {
  const reader = createReader({ whole: true });
  reader.read(connect, true);
  return messages.flatMap((message) => reader.read(hex(message), true)).map(({ name }) => name);
}

test("whole packets of both versions pass, one or several in a message", () => {
  assert.deepEqual(
    read(
      CONNECT,
      "82 06 0001 0001 74 01",
      "30 04 0001 74 78 32 05 0001 74 0002",
      "c0 00",
      "40 02 0001",
      "e0 00",
    ),
    ["SUBSCRIBE", "PUBLISH", "PUBLISH", "PINGREQ", "PUBACK", "DISCONNECT"],
  );
  assert.deepEqual(
    read(CONNECT_5, "82 07 0001 00 0001 74 01", "32 07 0001 74 0002 00 78", "62 04 0002 00 00", "e0 01 04"),
    ["SUBSCRIBE", "PUBLISH", "PUBREL", "DISCONNECT"],
  );
});

test("a CONNECT with one byte less, one more, or in text, does not", () => {
  const fails = (data, binary = true) =>
    assert.throws(
      () => createReader({ whole: true }).read(data, binary),
      (error) => error instanceof Violation,
    );
  for (const connect of [CONNECT, CONNECT_5]) {
    for (let length = 0; length < connect.length; length++) fails(connect.subarray(0, length));
    fails(Buffer.concat([connect, Buffer.from([0])]));
    fails(connect, false);
    fails(Buffer.concat([connect, connect]));
  }
});

for (const [what, bytes, text] of [
  ["a packet of the server", "20 02 00 00", /CONNACK from a client/],
  ["a reserved type", "00 00", /reserved from a client/],
  ["wrong flags", "80 06 0001 0001 74 01", /flags 0 in SUBSCRIBE/],
  ["a length in too many bytes", "c0 80 00", /more bytes than it needs/],
  ["a length that never ends", "30 ff ff ff ff ff", /more than four bytes/],
  ["a topic beyond its packet", "30 04 0009 74 78", /longer than its packet/],
  ["QoS 3", "36 05 0001 74 0002", /QoS 3/],
  ["identifier 0", "32 05 0001 74 0000", /identifier 0/],
  ["text that is not UTF-8", "30 04 0002 ff fe", /not UTF-8/],
  ["a subscription to nothing", "82 02 0001", /without a filter/],
  ["bytes behind an acknowledgement", "40 03 0001 00", /behind the last field/],
  ["a packet in two messages", "30 04 0001", /ends within a packet/],
]) {
  test(`${what} does not pass`, () => assert.throws(() => read(CONNECT, bytes), text));
}

test("a packet may come in pieces where whole ones are not asked for", () => {
  const reader = createReader({ whole: false });
  const names = Array.from(CONNECT, (byte) => reader.read(Buffer.from([byte]), true)).flat();
  assert.deepEqual(
    names.map(({ name, clientId }) => [name, clientId]),
    [["CONNECT", "a"]],
  );
});
