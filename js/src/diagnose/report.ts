import type { Report, Step, Verdict } from "./types.js";

const MARKS = { passed: "ok  ", failed: "FAIL", unknown: " ?  " } as const;

/** @internal The report, and how it reads. */
export class DiagnosisReport implements Report {
  readonly ok: boolean;
  constructor(
    readonly url: string,
    readonly verdict: Verdict,
    readonly steps: readonly Step[],
    readonly duration: number,
    readonly browser: string,
  ) {
    this.ok = verdict.code === "ok";
  }

  toText(): string {
    const { code, layer, certain, summary, hint, checks } = this.verdict;
    const width = Math.max(...this.steps.map(({ checked }) => checked.length));
    return [
      `wasmqtt diagnosis of ${this.url}`,
      "",
      `${code} (${layer}${certain ? "" : ", not certain"}): ${summary}`,
      `→ ${hint}`,
      ...(checks.length > 0 ? ["", certain ? "Look at:" : "It may be, the likeliest first:"] : []),
      ...checks.map((check, index) => `  ${index + 1}. ${check}`),
      "",
      ...this.steps.map(
        ({ checked, result, evidence, duration }) =>
          `  ${MARKS[result]}  ${checked.padEnd(width)}  ${evidence} (${Math.round(duration)} ms)`,
      ),
      "",
      `${Math.round(this.duration)} ms in all; ${this.browser}`,
    ].join("\n");
  }

  toString(): string {
    return this.toText();
  }
}
