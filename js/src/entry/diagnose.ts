/** Finds out why a page cannot connect. Loads the client, and with it the WebAssembly module, only when it is needed. */

export { diagnose } from "../diagnose/run.js";
export type { DiagnoseOptions, DiagnosisCode, Report, Step, Verdict } from "../diagnose/types.js";
export { MqttError } from "../errors.js";
export type * from "../public.js";
