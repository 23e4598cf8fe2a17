import { reasonName } from "../error-codes.js";
import type { HttpAnswer } from "./http.js";
import type { MqttAnswer } from "./mqtt.js";
import { shownText } from "./redact.js";
import type { SocketAnswer } from "./socket.js";
import type { Step } from "./types.js";

/** How a step went, and what was seen. */
type Evidence = readonly [Step["result"], string];

export function hasAnswered({ kind }: HttpAnswer): boolean {
  return kind === "status" || kind === "redirect" || kind === "opaque";
}

export function describeSocket(answer: SocketAnswer): Evidence {
  switch (answer.kind) {
    case "open":
      return ["passed", answer.protocol ? `open, subprotocol ${answer.protocol}` : "open, no subprotocol"];
    case "closed":
      return ["failed", `error, close ${answer.code}`];
    case "silent":
      return ["failed", "neither open nor error in time"];
    case "threw":
      return ["failed", `the constructor throws ${answer.name}`];
    case "forbidden":
      return ["failed", "refused by the page's Content Security Policy"];
  }
}

/** A plain GET proves nothing by itself: also healthy servers answer it with an error or not at all. */
export function describeHttp(answer: HttpAnswer): Evidence {
  switch (answer.kind) {
    case "status":
      return ["unknown", `HTTP ${answer.status}${answer.timing ? `, ${answer.timing}` : ""}`];
    case "redirect":
      return ["unknown", "a redirect"];
    case "opaque":
      return ["unknown", "an answer that this page may not read"];
    case "failed":
      return ["failed", "no answer: refused, dropped, or no trusted TLS"];
    case "silent":
      return ["failed", "no answer in time"];
    case "not-allowed":
      return ["unknown", "the page's policy does not allow to ask"];
  }
}

export function describeMqtt(answer: MqttAnswer, secrets: readonly unknown[]): Evidence {
  const { error, server, roundTrip, opened, received } = answer;
  const parts: (string | false | undefined)[] = [
    server && `CONNACK of MQTT ${server.protocolVersion === 5 ? "5.0" : "3.1.1"}`,
    roundTrip !== undefined && `ping ${Math.round(roundTrip)} ms`,
    error && describeError(error, secrets),
    error && `${received} messages received on ${opened} WebSockets`,
  ];
  return [error ? "failed" : "passed", parts.filter(Boolean).join(", ")];
}

function describeError(error: NonNullable<MqttAnswer["error"]>, secrets: readonly unknown[]): string {
  const { code, reasonCode, closeCode, statement, reasonString } = error;
  const parts = [
    code,
    reasonCode !== undefined && `0x${reasonCode.toString(16)} ${reasonName(reasonCode) ?? ""}`.trim(),
    closeCode !== undefined && `close ${closeCode}`,
    statement,
    reasonString && `"${shownText(reasonString, secrets)}"`,
  ];
  return parts.filter(Boolean).join(" ");
}
