// RabbitMQ with its Web MQTT plugin: Debian 12's, which is 3.1.1 only, and the newest of Debian's.
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../rig/rig.mjs";
import { debianSuite } from "../install/debian.mjs";
import { account, denied, readonly } from "./account.mjs";
import { launchInside } from "./inside.mjs";

const rabbitmq = (id, suite, source, versions) => ({
  id,
  name: "RabbitMQ",
  source,
  versions,
  install: async () => ({ root: await debianSuite(suite) }),
  async start(rig, folder, { root }) {
    const [amqp, tcp, port, node, epmd] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
    writeFileSync(join(folder, "definitions.json"), JSON.stringify(definitions()));
    writeFileSync(join(folder, "plugins"), "[rabbitmq_web_mqtt].");
    writeFileSync(
      join(folder, "rabbitmq.conf"),
      [
        `listeners.tcp.default = 127.0.0.1:${amqp}`,
        `mqtt.listeners.tcp.default = 127.0.0.1:${tcp}`,
        `web_mqtt.tcp.listener = 127.0.0.1:${port}`,
        "web_mqtt.ws_path = /ws",
        "load_definitions = /work/definitions.json",
        "log.console = true",
        "log.file = false",
        "",
      ].join("\n"),
    );
    const starting = launchInside(
      {
        root,
        folder,
        env: {
          RABBITMQ_NODENAME: "interop@localhost",
          RABBITMQ_MNESIA_BASE: "/work/db",
          RABBITMQ_CONFIG_FILE: "/work/rabbitmq.conf",
          RABBITMQ_ENABLED_PLUGINS_FILE: "/work/plugins",
          RABBITMQ_PID_FILE: "/work/pid",
          RABBITMQ_LOG_BASE: "/work",
          RABBITMQ_DIST_PORT: node,
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
          ERL_EPMD_PORT: epmd,
          ERL_EPMD_ADDRESS: "127.0.0.1",
        },
        ready: /Server startup complete/,
      },
      "/usr/lib/rabbitmq/bin/rabbitmq-server",
    );
    await rig.use(starting);
    const [release] = readdirSync(join(root, "usr/lib/rabbitmq/lib"));
    const endpoint = (account) => ({ port, path: "/ws", account });
    return {
      version: release.split("-").at(-1),
      endpoints: { open: endpoint({ username: "anybody", password: "any" }), guarded: endpoint(account) },
    };
  },
});

/** Two users: one may do everything, the other what an account of these tests may do. Topics have dots for slashes here. */
function definitions() {
  const salt = randomBytes(4);
  const hash = (password) =>
    Buffer.concat([salt, createHash("sha256").update(salt).update(password).digest()]).toString("base64");
  const user = (name, password) => ({
    name,
    password_hash: hash(password),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: "",
  });
  const { username, password } = account;
  const all = { vhost: "/", configure: ".*", write: ".*", read: ".*" };
  return {
    users: [user("anybody", "any"), user(username, password)],
    vhosts: [{ name: "/" }],
    permissions: ["anybody", username].map((name) => ({ ...all, user: name })),
    topic_permissions: [
      {
        vhost: "/",
        user: username,
        exchange: "amq.topic",
        write: `^(?!${denied}|${readonly})`,
        read: `^(?!${denied})`,
      },
    ],
  };
}

export const oldRabbitmq = rabbitmq("rabbitmq-3.10", "bookworm", "Debian 12", [4]);
export const newRabbitmq = rabbitmq("rabbitmq-4.3", "sid", "Debian sid", [4, 5]);
