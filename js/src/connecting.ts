import type { MqttClient } from "./client.js";
import type { ClientOptions, ConnectOptions } from "./options.js";

/** Makes a client, and waits for its first connection as `options` say. */
export async function connecting(
  create: (options?: ClientOptions) => MqttClient,
  options: ConnectOptions = {},
): Promise<MqttClient> {
  if (Object(options) !== options) return create(options); // which throws
  const { signal, timeout, ...rest } = options;
  const client = create(rest);
  await client.start({ ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
  return client;
}
