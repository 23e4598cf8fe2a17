import { errorLine } from "./errors.js";
import { reasonCode } from "./format.js";

/** Reason codes of a PUBACK or PUBREC that are not errors (MQTT 5.0, section 3.4.2.1). */
const NO_MATCHING_SUBSCRIBERS = 0x10;

/** What became of a message, as a sentence without a full stop. */
export function describePublish(row, state) {
  const isAway = state !== "connected";
  const from = row.isRestored ? "From an earlier visit: " : "";
  const text = words(row, isAway);
  return from + (from ? text.charAt(0).toLowerCase() + text.slice(1) : text);
}

function words({ qos, status, error, reasonCode: code = 0, started, ended, isRestored }, isAway) {
  const suffix = isRestored ? "" : ` in ${milliseconds(ended - started)}`;
  switch (status) {
    case "queued":
      return isAway ? "Queued: waits for a connection" : "Queued";
    case "stored":
      return isAway ? "Stored in this browser: waits for a connection" : "Stored in this browser";
    case "sent":
      if (qos === 0) return "Sent (QoS 0 has no answer)";
      return isAway ? "Sent, but not acknowledged: will be repeated" : "Sent: waits for the acknowledgement";
    case "received":
      return "The broker has it: waits for the end of the exchange";
    case "failed":
      if (error?.code === "client-closed") return closedEarly(error);
      return error ? errorLine(error) : `Refused by the broker: ${reasonCode(code)}`;
    default: {
      const word = status === "completed" ? "Completed" : "Acknowledged";
      if (code === NO_MATCHING_SUBSCRIBERS) return `${word}${suffix}, nobody subscribes to it`;
      return code === 0 ? word + suffix : `${word}${suffix}, ${reasonCode(code)}`;
    }
  }
}

/** What waits, as a sentence; "" if nothing does. */
export function describeWaiting({ queued, inFlight, restored, held }, number = String) {
  const parts = [];
  if (queued > 0) parts.push(`${number(queued)} to be sent`);
  if (inFlight > 0) parts.push(`${number(inFlight)} for the broker’s answer`);
  if (parts.length === 0 && held === 0) return "";
  const waiting = held
    ? `Kept in this browser for the next connection: ${number(held)}.`
    : `Waiting: ${parts.join(", ")}.`;
  return restored > 0 ? `${waiting} ${number(restored)} of them from an earlier visit.` : waiting;
}

/** What publishing means without a connection; "" if there is one, or none is coming. */
export function offlineNote(state, isKept, qos) {
  if (["connected", "idle", "closed", "closing"].includes(state)) return "";
  if (!isKept) return "No connection yet: messages wait in this page and go with it.";
  return qos === 0
    ? "No connection yet: QoS 0 is not kept in this browser, QoS 1 and 2 are."
    : "No connection yet: the message is kept in this browser and sent when there is one.";
}

function closedEarly({ delivery }) {
  return delivery === "unknown"
    ? "Sent, and not acknowledged before the connection was closed: it may have arrived"
    : "Not sent: the connection was closed before";
}

function milliseconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
