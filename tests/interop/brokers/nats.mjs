// NATS with its MQTT side over WebSocket: Debian 12's and the newest of Debian's. 3.1.1 only.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "../../rig/process.mjs";
import { freePort } from "../../rig/rig.mjs";
import { debianSuite } from "../install/debian.mjs";
import { account, denied, readonly } from "./account.mjs";

const nats = (id, suite, source) => ({
  id,
  name: "NATS",
  source,
  versions: [4],
  install: async () => ({ program: join(await debianSuite(suite), "usr/sbin/nats-server") }),
  async start(rig, folder, { program }) {
    const open = await server(rig, join(folder, "open"), program, "");
    // MQTT topics are subjects here, with dots for slashes.
    const rights = `{ subscribe: { deny: ["${denied}.>"] }, publish: { deny: ["${denied}.>", "${readonly}.>"] } }`;
    const user = `{ user: "${account.username}", password: "${account.password}", permissions: ${rights} }`;
    const guarded = await server(
      rig,
      join(folder, "guarded"),
      program,
      `authorization { users: [ ${user} ] }`,
    );
    return {
      version: open.version,
      endpoints: {
        open: { port: open.port, path: "/mqtt" },
        guarded: { port: guarded.port, path: "/mqtt" },
      },
    };
  },
});

async function server(rig, home, program, more) {
  const [client, mqtt, port] = [await freePort(), await freePort(), await freePort()];
  const file = `${home}.conf`;
  writeFileSync(
    file,
    `
listen: 127.0.0.1:${client}
server_name: interop
jetstream { store_dir: "${home}", max_mem: 64MB, max_file: 256MB }
mqtt { listen: 127.0.0.1:${mqtt}, max_ack_pending: 100 }
websocket { listen: 127.0.0.1:${port}, no_tls: true }
${more}
`,
  );
  let version;
  const onLine = (line) => {
    version ??= /Version: +(\S+)/.exec(line)?.[1];
  };
  await rig.use(launch(program, ["-c", file], { ready: /Server is ready/, onLine }));
  return { version, port };
}

export const oldNats = nats("nats-2.9", "bookworm", "Debian 12");
export const newNats = nats("nats-2.15", "sid", "Debian sid");
