// Mosquitto with its own WebSocket listeners: the one the machine has, and the newest of Debian's.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../scripts/lib/run.mjs";
import { which } from "../../../scripts/lib/which.mjs";
import { launch } from "../../rig/process.mjs";
import { freePort } from "../../rig/rig.mjs";
import { debianSuite } from "../install/debian.mjs";
import { account, allowed, readonly } from "./account.mjs";

export const mosquitto = {
  id: "mosquitto-2.0",
  name: "Mosquitto",
  source: "Debian 12",
  versions: [4, 5],
  async install() {
    const program = which("mosquitto");
    if (!program) throw new Failure("needs the package mosquitto");
    return { command: [program] };
  },
  start: (rig, folder, { command }) => start(rig, folder, command, "max_topic_alias 10"),
};

export const newMosquitto = {
  id: "mosquitto-2.1",
  name: "Mosquitto",
  source: "Debian sid",
  versions: [4, 5],
  async install() {
    const root = await debianSuite("sid");
    const libraries = join(root, "usr/lib/x86_64-linux-gnu");
    const loader = join(root, "usr/lib64/ld-linux-x86-64.so.2");
    return { command: [loader, "--library-path", libraries, join(root, "usr/sbin/mosquitto")] };
  },
  start: (rig, folder, { command }) =>
    start(rig, folder, command, "max_topic_alias 10\nmax_topic_alias_broker 10"),
};

/** Two processes, because most limits hold for all listeners of one. */
async function start(rig, folder, [program, ...args], aliases) {
  const passwords = join(folder, "passwords");
  execFileSync("mosquitto_passwd", ["-c", "-b", passwords, account.username, account.password]);
  const rights = join(folder, "rights");
  writeFileSync(rights, `user ${account.username}\ntopic readwrite ${allowed}/#\ntopic read ${readonly}/#\n`);
  const [open, guarded, limited] = [await freePort(), await freePort(), await freePort()];
  const common = `per_listener_settings true\nuser ${userInfo().username}\npersistence false\n`;
  const listener = (port, ...lines) =>
    [`listener ${port} 127.0.0.1`, "protocol websockets", ...lines, ""].join("\n");
  const run = async (name, text) => {
    const file = join(folder, name);
    // 2.0 does not start without a TCP listener.
    writeFileSync(file, `${common}${text}listener ${await freePort()} 127.0.0.1\n`);
    return rig.use(launch(program, [...args, "-c", file], { ready: /mosquitto version (\S+) running/ }));
  };
  const plain = await run(
    "plain.conf",
    // The default of 1,000 drops the rest of a burst without a word.
    `max_queued_messages 0\nmax_inflight_messages 0\n${listener(open, "allow_anonymous true", aliases)}` +
      listener(guarded, "allow_anonymous false", `password_file ${passwords}`, `acl_file ${rights}`),
  );
  await run(
    "limited.conf",
    `max_inflight_messages 7\nmax_packet_size 2048\nmax_keepalive 30\nretain_available false\n${listener(limited, "allow_anonymous true", "max_qos 1")}`,
  );
  return {
    version: plain.match[1],
    endpoints: { open: { port: open }, guarded: { port: guarded }, limited: { port: limited } },
  };
}
