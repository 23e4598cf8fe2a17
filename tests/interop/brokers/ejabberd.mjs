// ejabberd: an XMPP server with an MQTT 5.0 stack of its own. One domain takes everybody, the other only its account.
import { writeFileSync } from "node:fs";
import { freePort } from "../../rig/rig.mjs";
import { debianSuite } from "../install/debian.mjs";
import { account, allowed, readonly } from "./account.mjs";
import { launchInside } from "./inside.mjs";

const [anybody, guarded] = ["localhost", "guarded.test"];
const libraries = "/usr/lib/x86_64-linux-gnu";

const configuration = (tcp, port) => `
hosts: [${anybody}, ${guarded}]
loglevel: info
log_rotate_size: infinity
host_config:
  ${anybody}:
    auth_method: [anonymous]
    anonymous_protocol: both
    allow_multiple_connections: true
  ${guarded}:
    auth_method: [mnesia]
    modules:
      mod_mqtt:
        access_publish:
          "${allowed}/#": [{allow: all}]
        access_subscribe:
          "${allowed}/#": [{allow: all}]
          "${readonly}/#": [{allow: all}]
listen:
  - {port: ${tcp}, ip: "127.0.0.1", module: mod_mqtt, backlog: 100}
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {/mqtt: mod_mqtt}}
modules:
  mod_mqtt:
    access_publish: {"#": [{allow: all}]}
    access_subscribe: {"#": [{allow: all}]}
`;

export const ejabberd = {
  id: "ejabberd",
  name: "ejabberd",
  source: "Debian 12",
  versions: [4, 5],
  install: async () => ({ root: await debianSuite("bookworm") }),
  async start(rig, folder, { root }) {
    const [tcp, port] = [await freePort(), await freePort()];
    writeFileSync(`${folder}/ejabberd.yml`, configuration(tcp, port));
    const words = [account.username, guarded, account.password].map((word) => `<<"${word}">>`).join(",");
    let version;
    const starting = launchInside(
      {
        root,
        folder,
        env: {
          EJABBERD_CONFIG_PATH: "/work/ejabberd.yml",
          EJABBERD_LOG_PATH: "/work/ejabberd.log",
          ERL_LIBS: libraries,
        },
        ready: /^the account is there/,
        onLine: (line) => {
          version ??= /ejabberd (\d\S*)/.exec(line)?.[1];
        },
      },
      ...["erl", "-noinput", "-mnesia", "dir", '"/work/db"', "-pa", `${libraries}/ejabberd-23.01-1/ebin`],
      ...["-s", "ejabberd", "-eval"],
      `{ok, _} = application:ensure_all_started(ejabberd), ok = ejabberd_auth:try_register(${words}), io:format("the account is there~n").`,
    );
    await rig.use(starting);
    const endpoint = (domain, { username, password }) => ({
      port,
      path: "/mqtt",
      account: { username: `${username}@${domain}`, password },
    });
    return {
      version: version ?? "23.01",
      endpoints: {
        open: endpoint(anybody, { username: "anybody", password: "any" }),
        guarded: endpoint(guarded, account),
      },
    };
  },
};
