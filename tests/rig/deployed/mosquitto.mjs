// Mosquitto with the configuration that ships in deploy/mosquitto.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { which } from "../../../scripts/lib/which.mjs";
import { launch } from "../process.mjs";
import { freePort, temporaryFolder } from "../rig.mjs";
import { copyShipped } from "./copy.mjs";

/**
 * Starts it with the users in `accounts`, pairs of name and password; `command` is another Mosquitto than the machine's.
 * Resolves with `{ tcpPort, webSocketPort, version, folder, output(), exited, stop() }`.
 */
export async function startDeployedMosquitto({ accounts, command = [which("mosquitto") ?? "mosquitto"] }) {
  const folder = temporaryFolder();
  const [home, data] = [join(folder.path, "etc"), join(folder.path, "data")];
  const [tcpPort, webSocketPort] = [await freePort(), await freePort()];
  copyShipped("mosquitto", home, [
    ["user mosquitto", `user ${userInfo().username}`],
    ["listener 1883 127.0.0.1", `listener ${tcpPort} 127.0.0.1`],
    ["listener 9001 127.0.0.1", `listener ${webSocketPort} 127.0.0.1`],
    ["/etc/mosquitto/passwords", join(home, "passwords")],
    ["/etc/mosquitto/acl", join(home, "acl")],
    ["/var/lib/mosquitto/", `${data}/`],
  ]);
  mkdirSync(data);
  const passwords = join(home, "passwords");
  for (const [n, account] of accounts.entries())
    execFileSync("mosquitto_passwd", [...(n === 0 ? ["-c"] : []), "-b", passwords, ...account]);
  for (const file of [passwords, join(home, "acl")]) chmodSync(file, 0o600);

  const [program, ...args] = command;
  const child = await launch(program, [...args, "-c", join(home, "mosquitto.conf")], {
    ready: /mosquitto version (\S+) running/,
  });
  const stop = async () => {
    await child.stop();
    await folder.stop();
  };
  const { output, exited, match } = child;
  return { tcpPort, webSocketPort, version: match[1], folder: home, output, exited, stop };
}
