// This project's package with socket and engine in a worker: the same API, one option more.
import { clientOf } from "./wasmqtt.js";

export default () => ({ ...clientOf({ worker: true }), isApart: true });
