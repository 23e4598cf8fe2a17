// Released versions of MQTT.js as code of a mini-program: the bundle that its readers are told to copy.
import { readFileSync } from "node:fs";
import { at } from "../../../scripts/lib/paths.mjs";

/** The code package that holds one version, for `require("mqtt")`. */
export function mqttPackage(version) {
  const bundle = at("tests/miniprogram/corpus/node_modules", `mqtt-${version}`, "dist", "mqtt.js");
  const text = readFileSync(bundle, "utf8");
  // Since 5.0 the bundle is a script that sets a variable; users export it.
  const exporting = text.includes("var mqtt = (() =>") ? "\nmodule.exports = mqtt.default || mqtt;" : "";
  return { "/miniprogram_npm/mqtt/index.js": text + exporting };
}
