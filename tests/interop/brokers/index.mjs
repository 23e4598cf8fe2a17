// Every broker of the interoperability run.
//
// `install()` resolves with what `start` needs, or throws a `Failure` that says in one line why it cannot be had here.
// `start(rig, folder, installed)` gives what it starts to the rig and resolves with `{ version, endpoints }`; an endpoint is `{ port, path, account }`:
// - `open` lets everybody do everything
// - `guarded` knows one account, with the rights that account.mjs describes
// - `limited` announces small limits in CONNACK
// - `scram` wants enhanced authentication, `redirecting` sends everybody away

import { aedes } from "./aedes.mjs";
import { ejabberd } from "./ejabberd.mjs";
import { mosquitto, newMosquitto } from "./mosquitto.mjs";
import { mqtt5 } from "./mqtt5.mjs";
import { newNats, oldNats } from "./nats.mjs";
import { newRabbitmq, oldRabbitmq } from "./rabbitmq.mjs";

export const brokers = [
  mosquitto,
  newMosquitto,
  mqtt5,
  ejabberd,
  newRabbitmq,
  oldRabbitmq,
  newNats,
  oldNats,
  aedes,
];
