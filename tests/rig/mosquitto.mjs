// A real MQTT broker: Mosquitto with a TCP, a native WebSocket and a password-protected listener.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { which } from "../../scripts/lib/which.mjs";
import { launch } from "./process.mjs";
import { freePort, temporaryFolder } from "./rig.mjs";

/** The one account of the protected listener. */
export const account = { username: "alice", password: "correct horse" };

/**
 * Starts Mosquitto. `persistence` keeps sessions and messages over a `restart`.
 * Resolves with `{ tcpPort, nativePort, protectedPort, version, output(), restart(), stop() }`.
 */
export async function startMosquitto({ persistence = false } = {}) {
  const folder = temporaryFolder();
  const [tcpPort, nativePort, protectedPort] = [await freePort(), await freePort(), await freePort()];
  const passwords = join(folder.path, "passwords");
  execFileSync("mosquitto_passwd", ["-c", "-b", passwords, account.username, account.password]);
  const config = join(folder.path, "mosquitto.conf");
  writeFileSync(
    config,
    `
per_listener_settings true
user ${userInfo().username}
persistence ${persistence}
persistence_location ${folder.path}/
# The defaults drop messages of a burst without a word.
max_queued_messages 0
max_inflight_messages 0
connection_messages false
listener ${tcpPort} 127.0.0.1
allow_anonymous true
max_topic_alias 10
listener ${nativePort} 127.0.0.1
protocol websockets
allow_anonymous true
listener ${protectedPort} 127.0.0.1
allow_anonymous false
password_file ${passwords}
`,
  );
  const start = () =>
    launch(which("mosquitto") ?? "mosquitto", ["-c", config], { ready: /mosquitto version (\S+) running/ });
  let child = await start();
  const stop = async () => {
    await child.stop();
    await folder.stop();
  };
  return {
    tcpPort,
    nativePort,
    protectedPort,
    version: child.match[1],
    output: () => child.output(),
    /** Ends the broker in order, and starts it again on the same ports. */
    async restart() {
      await child.stop();
      child = await start();
    },
    stop,
  };
}
