// `npm run soak`: what a page keeps of messages and connections that are over, in Chromium.
//   npm run soak -- --messages 1000000 --reconnects 1000
//   npm run soak -- --record      writes the figures into docs/reliability.md
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { writeSection } from "./lib/section.mjs";
import { setup } from "./setup.mjs";

const WARM = { messages: 50_000, reconnects: 100 };

try {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "1000000" },
      reconnects: { type: "string", default: "1000" },
      record: { type: "boolean", default: false },
    },
  });
  const [messages, reconnects] = [Number(values.messages), Number(values.reconnects)];
  if (!(Number.isInteger(messages) && Number.isInteger(reconnects)))
    throw new Failure("--messages and --reconnects take whole numbers");
  await setup("test");
  await build();
  // Imported only now: they use npm packages that setup has just installed.
  const { soak } = await import("../tests/e2e/faults/soak.mjs");
  const results = await soak({ messages, reconnects, warm: WARM, say: console.log });
  const rows = ["messages", "reconnects"].map((what) => {
    const { count, before, after } = results[what];
    const cells = [before.heap, after.heap, before.module, after.module].map(
      (bytes) => `${Math.round(bytes / 1024)} KiB`,
    );
    return `| ${count} ${what} | ${cells.join(" | ")} |`;
  });
  const head = [
    "| after | heap before | heap after | module before | module after |",
    "| --- | ---: | ---: | ---: | ---: |",
  ];
  console.log([...head, ...rows].join("\n"));
  if (values.record) writeSection(at("docs", "reliability.md"), "memory", [...head, ...rows].join("\n"));
  process.exit();
} catch (error) {
  exitWith(error);
}
