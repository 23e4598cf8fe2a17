import { tidyUp } from "./rig.js";

/**
 * Runs one case. Its file is loaded now and not by a static import: the web server of the test runner now and then
 * leaves requests unanswered when a page asks for more than a handful of files at once.
 */
export async function run(module, group, name) {
  const cases = await import(`../${group}.js`);
  try {
    await cases[name](module);
  } finally {
    tidyUp();
  }
}
