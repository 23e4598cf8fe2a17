// What the tests of both sides of request and response share.
import assert from "node:assert/strict";
import type { MqttError } from "../../../js/src/errors.js";
import type { ClientOptions } from "../../../js/src/options.js";
import type { ServerInfo } from "../../../js/src/types.js";
import { createFake, type FakeEngine, type FakeGlue, turn } from "./fake.js";

export const V4: Partial<ServerInfo> = { protocolVersion: 4 };
export const utf8 = (text: string) => new TextEncoder().encode(text);
export const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

/** Property blocks as JSON, with Correlation Data as text. */
export function speakJson(glue: FakeGlue): void {
  glue.decodeProperties = (block) => {
    const { correlationData, ...rest } = JSON.parse(text(block));
    return { ...rest, ...(correlationData !== undefined && { correlationData: utf8(correlationData) }) };
  };
}

export async function connected(options: ClientOptions = {}, server: Partial<ServerInfo> = {}) {
  const fake = await createFake(options);
  speakJson(fake.glue);
  fake.engine.accept(server);
  await fake.started;
  const errors: MqttError[] = [];
  fake.client.on("error", (error) => errors.push(error));
  return { ...fake, errors };
}

/** Has the server grant the newest subscription. */
export async function grant(engine: FakeEngine, codes = [1]): Promise<void> {
  await turn();
  engine.complete(engine.operation, { codes });
  await turn();
}

export interface Sent {
  topic: string;
  payload: string;
  flags: number;
  properties: Record<string, unknown>;
  id: string;
}

/** What was published, with Correlation Data or the last level of the topic as `id`. */
export function published(engine: FakeEngine): Sent[] {
  return engine.called("publish").map(([topic, payload, flags, properties = {}]) => {
    const { correlationData, ...rest } = properties as Record<string, unknown>;
    const id = correlationData ? text(correlationData) : ((topic as string).split("/").at(-1) ?? "");
    return { topic: topic as string, payload: text(payload), flags: flags as number, properties: rest, id };
  });
}

export function last(engine: FakeEngine): Sent {
  const sent = published(engine).at(-1);
  assert.ok(sent, "something was published");
  return sent;
}

export function arrive(
  engine: FakeEngine,
  topic: string,
  payload: string,
  properties: object,
  routes: number[],
  more = {},
) {
  engine.message(topic, payload, routes, { properties: [...utf8(JSON.stringify(properties))], ...more });
}

export function reply(
  engine: FakeEngine,
  payload: string,
  correlationData: string,
  topic = "wasmqtt/reply/from-server",
) {
  arrive(engine, topic, payload, { correlationData }, [1]);
}
