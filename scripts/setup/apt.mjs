// Browsers, brokers and proxies for the tests: they come from the system, never into the project folder.
import { Failure, must, run, step } from "../lib/run.mjs";
import { which } from "../lib/which.mjs";

/** Debian's package for each program the tests start (a path: a file they load). */
const PACKAGES = {
  chromium: "chromium",
  chromedriver: "chromium-driver",
  "firefox-esr": "firefox-esr",
  WebKitWebDriver: "webkit2gtk-driver",
  Xvfb: "xvfb",
  certutil: "libnss3-tools",
  openssl: "openssl",
  mosquitto: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  nginx: "nginx-light",
  "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so": "libnginx-mod-http-headers-more-filter",
  "/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so": "libnginx-mod-http-brotli-filter",
  "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so": "libnginx-mod-http-brotli-static",
  haproxy: "haproxy",
  caddy: "caddy",
};

const PATIENT = ["-o", "DPkg::Lock::Timeout=900", "-y"]; // another apt run may hold the lock for a while

/**
 * Answers a setup part for some of the programs: installs the missing packages where that needs no password, and
 * otherwise says what to type.
 */
const programs = (names) => async () => {
  const missing = names.flatMap((program) => (which(program) ? [] : [PACKAGES[program]]));
  if (missing.length === 0) return undefined;
  return async () => {
    const apt = await aptCommand();
    if (!apt) throw new Failure(`missing, please run: ${manually(missing)}`);
    await step(`system packages: ${missing.join(" ")}`, async () => {
      await aptGet(apt, "update");
      await aptGet(apt, "install", "--no-install-recommends", ...missing);
    });
  };
};

/** Everything that the tests start. */
export const aptPackages = programs(Object.keys(PACKAGES));
/** What `npm run gateway` starts. */
export const gatewayPackages = programs(["mosquitto", "nginx"]);

function aptGet([command, ...before], ...args) {
  return must(command, [...before, ...PATIENT, ...args], { label: `apt-get ${args[0]}` });
}

/** How to start apt-get as root without a question being asked, or `undefined` when there is no way. */
async function aptCommand() {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  if (!which("apt-get")) return undefined;
  if (process.getuid?.() === 0) return command;
  if (!which("sudo")) return undefined;
  return (await run("sudo", ["-n", "true"])).code === 0 ? ["sudo", "-n", ...command] : undefined;
}

function manually(packages) {
  if (which("apt-get")) return `sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
  return `your package manager for what Debian calls ${packages.join(" ")}`;
}
