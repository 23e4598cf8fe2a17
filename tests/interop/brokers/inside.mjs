// Starts programs that only work where their suite is the whole file system: a root, a process tree and mounts of their own.
import { launch } from "../../rig/process.mjs";

const START_MS = 90_000; // Erlang brokers take their time, more so beside other work

// Sees nothing of the machine but its devices and /work, which is `folder`. Ends with everything it started.
const enter = `
set -e
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/work"
root=$1; shift 2
exec chroot "$root" /usr/bin/env -i "$@"
`;

/**
 * Starts `args` (with `env` set, nothing else) in the unpacked suite `root`, with `folder` as /work.
 * Like `launch` in everything else.
 */
export function launchInside({ root, folder, env, ready, onLine }, ...args) {
  const own = process.getuid() === 0 ? [] : ["--map-root-user"];
  const settings = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/work", LC_ALL: "C.UTF-8", ...env };
  return launch(
    "unshare",
    [
      ...["--mount", "--pid", "--fork", "--kill-child", ...own],
      ...["sh", "-c", enter, "sh", root, folder],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      ...args,
    ],
    { ready, onLine, startMs: START_MS },
  );
}
