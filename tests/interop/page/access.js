// Who may come in, and what they may do.
import { scram } from "./scram.js";

const endpoint = "guarded";

/** Resolves with the errors that this broker can be made to give on the guarded endpoint. */
async function provoke(t) {
  const clientId = t.name("client");
  const client = await t.connect({ clientId });
  const errors = [
    await t.error(client.publish(`${t.readonly}/x`, "x", { qos: 1, timeout: 3000 })),
    await t.error(client.subscribe(`${t.denied}/x`, { qos: 1, timeout: 3000 })),
  ];
  const again = t.name("client");
  const older = await t.connect({ clientId: again });
  await t.connect({ clientId: again });
  errors.push(await t.bounded(older.closed, "the end of the older client"));
  errors.push(await t.error(t.connect({ password: "wrong", connectTimeout: 3000 })));
  return errors;
}

export const access = [
  {
    id: "credentials",
    title: "A wrong password is refused with a reason",
    endpoint,
    async run(t) {
      await (await t.connect()).close();
      const error = await t.error(t.connect({ password: "wrong", connectTimeout: 5000 }));
      t.hope(error, "accepts it");
      t.hope(error.code === "connect-refused" && [0x86, 0x87].includes(error.reasonCode), t.say(error));
    },
  },
  {
    id: "forbidden-filter",
    title: "A forbidden filter is refused in SUBACK",
    endpoint,
    async run(t) {
      const client = await t.connect();
      const error = await t.error(client.subscribe(`${t.denied}/#`, { qos: 1, timeout: 5000 }));
      t.hope(error, "grants it");
      t.hope(error.code === "rejected-by-server", t.say(error));
      await client.ping({ timeout: 5000 });
    },
  },
  {
    id: "forbidden-publish",
    title: "A forbidden publish is refused (5.0) or not delivered (3.1.1)",
    endpoint,
    async run(t) {
      const [publisher, watcher] = await t.pair();
      const box = await t.subscribe(watcher, `${t.readonly}/#`, { qos: 1 });
      const end = await t.subscribe(watcher, `${t.allowed}/end`, { qos: 1 });
      const error = await t.error(publisher.publish(`${t.readonly}/x`, "x", { qos: 1, timeout: 5000 }));
      const other = await t.connect();
      await other.publish(`${t.allowed}/end`, "end", { qos: 1 });
      await end.received(1);
      t.hope(box.messages.length === 0, "delivers it");
      if (t.version === 5) {
        t.hope(error, "PUBACK 0x00, and drops it");
        t.hope(error.code === "rejected-by-server", t.say(error));
      } else {
        t.hope(!error, error && t.say(error));
      }
    },
  },
  {
    id: "reason-strings",
    title: "Reason Strings with refusals",
    versions: [5],
    endpoint,
    async run(t) {
      const errors = (await provoke(t)).filter((error) => error?.reasonCode !== undefined);
      const count = errors.filter(({ reasonString }) => reasonString).length;
      t.hope(count > 0, "none");
    },
  },
  {
    id: "enhanced-authentication",
    title: "Enhanced authentication (SCRAM-SHA-256), and again while connected",
    versions: [5],
    endpoint: "scram",
    async run(t) {
      const account = t.account ?? { username: "alice", password: "none" };
      const authenticated = (password) =>
        t.connect({
          authenticator: scram({ ...account, password }),
          username: undefined,
          password: undefined,
        });
      const client = await authenticated(account.password);
      t.hope(client.server.authenticationMethod === "SCRAM-SHA-256", "CONNACK: no Authentication Method");
      const verifier = new TextDecoder().decode(client.server.authenticationData);
      t.hope(verifier.startsWith("v="), "CONNACK: no proof of the server");
      await client.reauthenticate(undefined, { timeout: 5000 });
      await client.ping({ timeout: 5000 });
      const error = await t.error(authenticated("wrong"));
      t.hope(error?.code === "connect-refused", error ? t.say(error) : "accepts a wrong password");
    },
  },
  {
    id: "redirect",
    title: "Sent to another server: CONNACK 0x9C with Server Reference",
    versions: [5],
    endpoint: "redirecting",
    async run(t) {
      const refused = await t.error(t.connect());
      t.hope(refused?.reasonCode === 0x9c, refused ? t.say(refused) : "accepts the client");
      t.hope(refused.serverReference, "leaves the Server Reference out");
      const references = [];
      const allow = (reference) => {
        references.push(reference);
        return t.openUrl;
      };
      const client = await t.connect({ redirect: { allow } });
      t.hope(references.join() === t.elsewhere, `refers to ${references}`);
      await client.ping({ timeout: 5000 });
    },
  },
];
