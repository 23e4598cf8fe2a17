/** What the browser is asked to wait for a diagnosis, in milliseconds. */
export const DIAGNOSIS_MS = 15_000;

/**
 * The form's values as options of `diagnose`. The Client Identifier stays out where using it would end a connection or a
 * session: when this page has it, and when unsent messages are kept under it.
 */
export function toDiagnoseOptions(settings, isInUse) {
  const options = {
    timeout: DIAGNOSIS_MS,
    protocolVersion: settings.protocolVersion === "auto" ? "auto" : Number(settings.protocolVersion),
  };
  if (settings.keepAlive !== "") options.keepAlive = Number(settings.keepAlive);
  if (settings.username) options.username = settings.username;
  if (settings.password) options.password = settings.password;
  if (settings.clientId && !isInUse && !settings.keepUnsent) options.clientId = settings.clientId;
  return options;
}

/** How sure a report is, for people. */
export function confidence({ ok, verdict }) {
  if (ok) return "It works";
  return verdict.certain ? "This is the cause" : "The most a page can find out";
}

/** What to make of `verdict.checks`. */
export function checksTitle({ ok, verdict }) {
  if (ok) return "Also look at";
  return verdict.certain ? "Look at" : "It may be one of these, the likeliest first";
}
