// Programs of a Debian suite, unpacked into .tools: nothing is installed on the machine, no daemon is started.
import fs from "node:fs";
import path from "node:path";
import { tools } from "../../../scripts/lib/paths.mjs";
import { Failure, must, step } from "../../../scripts/lib/run.mjs";
import { filesBelow } from "../../../scripts/lib/stamp.mjs";
import { which } from "../../../scripts/lib/which.mjs";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What each suite is asked for; the shell and the small programs are for brokers that start from scripts. */
const SHELL = "dash bash coreutils sed grep hostname util-linux procps debianutils".split(" ");
const SUITES = {
  bookworm: ["nats-server", "ejabberd", "erlang-p1-mqtree", "rabbitmq-server", ...SHELL],
  sid: ["mosquitto", "nats-server", "rabbitmq-server", ...SHELL],
};

/** The folder of a suite, filled if it is not yet. Throws a `Failure` that says in one line why that cannot be. */
export async function debianSuite(suite) {
  const root = path.join(tools, "brokers", suite);
  const done = path.join(root, ".complete");
  const wanted = SUITES[suite].join(" ");
  if (fs.existsSync(done) && fs.readFileSync(done, "utf8") === wanted) return root;
  const mirror = archive();
  await step(`brokers of Debian ${suite} into .tools (a hundred megabytes or two)`, () =>
    unpack(suite, root, mirror),
  );
  fs.writeFileSync(done, wanted);
  return root;
}

/** The archive that this machine itself uses. */
function archive() {
  const os = fs.existsSync("/etc/os-release") ? fs.readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(os) || !which("apt-get")) throw new Failure("needs a Debian machine");
  if (!fs.existsSync(KEYRING)) throw new Failure(`needs ${KEYRING} (package debian-archive-keyring)`);
  const lists = filesBelow("/etc/apt").filter((file) =>
    /sources\.list$|sources\.list\.d\/.*\.(list|sources)$/.test(file),
  );
  const text = lists.map((file) => fs.readFileSync(file, "utf8")).join("\n");
  const found = /^(?:URIs:|deb (?:\[.*?\] )?) *(\S+\/debian)\/?\s/m.exec(text);
  if (!found) throw new Failure("found no Debian archive among this machine's package sources");
  return found[1];
}

/** Lets apt resolve against an empty machine, then unpacks what it fetched; apt checks signatures and sums. */
async function unpack(suite, root, mirror) {
  const home = `${root}.apt`;
  for (const folder of [root, home]) fs.rmSync(folder, { recursive: true, force: true });
  for (const folder of ["state/lists/partial", "cache/archives/partial", "sources.d"]) {
    fs.mkdirSync(path.join(home, folder), { recursive: true });
  }
  fs.writeFileSync(path.join(home, "status"), "");
  fs.writeFileSync(path.join(home, "sources"), `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  const settings = {
    "Dir::State": `${home}/state`,
    "Dir::State::status": `${home}/status`,
    "Dir::Cache": `${home}/cache`,
    "Dir::Etc::sourcelist": `${home}/sources`,
    "Dir::Etc::sourceparts": `${home}/sources.d`,
    "APT::Sandbox::User": userName(),
    "APT::Install-Recommends": "false",
    // Mirrors of a moving suite may lag behind; the signature still has to fit.
    "Acquire::Check-Valid-Until": "false",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const apt = (...args) => must("apt-get", [...options, "-y", ...args], { label: `apt-get ${args[0]}` });
  await apt("update");
  await apt("install", "--download-only", ...SUITES[suite]);

  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    fs.mkdirSync(path.join(root, "usr", name), { recursive: true });
    fs.symlinkSync(path.join("usr", name), path.join(root, name));
  }
  for (const name of ["dev", "proc", "tmp", "run", "work", "root"]) fs.mkdirSync(path.join(root, name));
  const archives = path.join(home, "cache", "archives");
  for (const file of fs.readdirSync(archives).filter((name) => name.endsWith(".deb"))) {
    // Through tar, which leaves the links above alone.
    await must("sh", [
      "-c",
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"',
      "sh",
      path.join(archives, file),
      root,
    ]);
  }
  fs.writeFileSync(path.join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  fs.writeFileSync(path.join(root, "etc", "hosts"), "127.0.0.1 localhost\n");
  fs.rmSync(home, { recursive: true });
}

function userName() {
  return process.getuid() === 0 ? "root" : (process.env.USER ?? "nobody");
}
