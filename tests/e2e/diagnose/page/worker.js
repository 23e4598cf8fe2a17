import { diagnose } from "/pkg/diagnose.js";

addEventListener("message", async ({ data: args }) => {
  try {
    const report = await diagnose(...args);
    postMessage({ report: JSON.parse(JSON.stringify({ ...report, text: report.toText() })) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
