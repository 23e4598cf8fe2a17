// The broker of the crate mqtt5: the only one here with enhanced authentication, redirection and every limit of CONNACK.

import { execFileSync } from "node:child_process";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "../../../scripts/lib/paths.mjs";
import { launch } from "../../rig/process.mjs";
import { freePort } from "../../rig/rig.mjs";
import { mqtt5Program } from "../install/mqtt5.mjs";
import { account, denied, readonly } from "./account.mjs";

/** Where the redirecting endpoint sends everybody. */
export const elsewhere = "mqtt://elsewhere.test:1883";

export const mqtt5 = {
  id: "mqtt5",
  name: "mqtt5",
  source: "crates.io",
  versions: [4, 5],
  install: async () => ({ program: await mqtt5Program() }),
  async start(rig, folder, { program }) {
    const file = (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const hash = execFileSync(program, ["hash", account.password], { encoding: "utf8" });
    const rights = [
      ["#", "readwrite"],
      [`${denied}/#`, "deny"],
      [`${readonly}/#`, "read"],
    ];
    const auth = {
      allow_anonymous: false,
      rate_limit: { enabled: false, max_attempts: 5, window_secs: 60, lockout_secs: 1 },
    };
    const variants = {
      open: {},
      guarded: {
        auth_config: {
          ...auth,
          auth_method: "Password",
          password_file: file("passwords", `${account.username}:${hash}`),
          acl_file: file(
            "rights",
            rights
              .map(([filter, right]) => `user ${account.username} topic ${filter} permission ${right}\n`)
              .join(""),
          ),
        },
      },
      scram: {
        auth_config: { ...auth, auth_method: "ScramSha256", scram_file: file("scram", scramLine(account)) },
      },
      redirecting: { load_balancer: { backends: [elsewhere] } },
      limited: {
        server_receive_maximum: 7,
        max_packet_size: 2048,
        maximum_qos: 1,
        retain_available: false,
        server_keep_alive: "30s",
        response_information: "answers/here",
      },
    };
    const endpoints = {};
    for (const [name, settings] of Object.entries(variants)) {
      const home = join(folder, "homes", name);
      mkdirSync(home, { recursive: true });
      const [tcp, port] = [await freePort(), await freePort()];
      const config = {
        bind_addresses: [`127.0.0.1:${tcp}`],
        websocket_config: {
          bind_addresses: [`127.0.0.1:${port}`],
          path: "/mqtt",
          subprotocol: "mqtt",
          use_tls: false,
        },
        storage_config: {
          backend: "Memory",
          base_dir: home,
          cleanup_interval: "1h",
          enable_persistence: true,
          max_queued_messages_per_client: 10_000,
          max_queued_bytes_per_client: 67_108_864,
        },
        ...settings,
      };
      await rig.use(launch(program, [file(`${name}.json`, JSON.stringify(config))], { ready: port }));
      endpoints[name] = { port, path: "/mqtt" };
    }
    const lock = readFileSync(at("tests/interop/mqtt5/Cargo.lock"), "utf8");
    return {
      version: /^name = "mqtt5"\nversion = "(.+)"$/m.exec(lock)[1],
      endpoints,
    };
  },
};

/** A line of the credential file: user, salt, rounds, StoredKey and ServerKey (RFC 5802, section 3). */
function scramLine({ username, password }) {
  const [salt, rounds] = [randomBytes(16), 310_000];
  const salted = pbkdf2Sync(password, salt, rounds, 32, "sha256");
  const hmac = (text) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest();
  const parts = [salt, stored, hmac("Server Key")].map((bytes) => bytes.toString("base64"));
  return `${username}:${parts[0]}:${rounds}:${parts[1]}:${parts[2]}\n`;
}
