// Where the cases of a failed connection lead: URLs of the rig, and brokers that follow a script.
import { connack, levelOf } from "../../rig/packets.mjs";

/** A scripted broker that refuses with this reason code of its version. */
export const refuse =
  (code, then = () => {}) =>
  async (connection) => {
    const level = levelOf(await connection.next("CONNECT"));
    connection.send(connack(level, { code }));
    then(connection);
  };
export const scripted = (script) => async (world, t) =>
  `${same("/to/")(world)}${await world.fakeBroker(t, script)}`;
export const same =
  (path) =>
  ({ ports }) =>
    `wss://localhost:${ports.page}${path}`;
export const cross =
  (path) =>
  ({ ports }) =>
    `wss://localhost:${ports.cross}${path}`;
export const elsewhere =
  (path) =>
  ({ ports }) =>
    `wss://localhost:${ports.elsewhere}${path}`;
export const port =
  (name, scheme = "wss", host = "localhost") =>
  ({ ports }) =>
    `${scheme}://${host}:${ports[name]}/mqtt`;
export const fault = (path) => same(`/fault/${path}`);
export const bare =
  (name, scheme = "ws") =>
  ({ faults }) =>
    `${scheme}://127.0.0.1:${faults[name]}/mqtt`;
