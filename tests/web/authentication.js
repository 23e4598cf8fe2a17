import { equal, turn } from "./support/expect.js";
import { target } from "./support/host.js";
import { auth, binary, connack, packets, string } from "./support/packets.js";
import { CODE, next, Rig } from "./support/rig.js";

const CONTINUE = 0x18;
const AGAIN = 0x19;
const proof = (...data) => [0x15, ...string("SCRAM"), 0x16, ...binary(data)];
const options = { authenticationMethod: "SCRAM" };
const resolve = async () => target({ authData: Uint8Array.of(1, 2) });

export async function challengesAreAnswered(module) {
  const handler = ({ kind, data }, engine) => {
    if (kind === "challenge")
      engine.authenticate(
        data.map((byte) => byte + 1),
        false,
      );
  };
  const { host, socket } = await new Rig(module, { options, resolve, handler }).start();
  socket.open();
  const [connect] = socket.sent.flatMap(packets);
  equal(`${connect.body}`.includes(`${proof(1, 2)}`), true, "CONNECT carries method and data");
  socket.receive(auth(CONTINUE, proof(7, 8)));
  equal(host.of("challenge"), [{ kind: "challenge", data: Uint8Array.of(7, 8) }]);
  await turn();
  equal(socket.sent.slice(1).flatMap(packets), [
    { type: "AUTH", flags: 0, body: Uint8Array.from([CONTINUE, proof(8, 9).length, ...proof(8, 9)]) },
  ]);
  socket.receive(connack({ properties: proof(5) }));
  equal(host.of("connected").length, 1, "connected");
}

export async function givingUpEndsTheAttempt(module) {
  const handler = ({ kind }, engine) => {
    if (kind === "challenge") engine.authenticate(undefined, true);
  };
  const { host, socket } = await new Rig(module, { options, resolve, handler }).start();
  socket.open();
  socket.receive(auth(CONTINUE, proof(7)));
  await turn();
  equal(host.of("disconnected")[0].detail.code, CODE.providerFailed);
  equal(socket.closed, [[1000]], "closed");
}

export async function identityIsProvedAgain(module) {
  const rig = new Rig(module, { options, resolve });
  const { engine, host, socket } = await rig.connect({ properties: proof() });
  const op = next();
  engine.reauthenticate(op, Uint8Array.of(3));
  await turn();
  const [{ type, body }] = socket.sent.flatMap(packets);
  equal([type, body], ["AUTH", Uint8Array.from([AGAIN, proof(3).length, ...proof(3)])]);
  socket.receive(auth(0, proof(4)));
  equal(
    host.of("completed").map((record) => [record.op, record.detail]),
    [[op, { authenticationMethod: "SCRAM", authenticationData: Uint8Array.of(4) }]],
  );
}
