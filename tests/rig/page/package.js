// What tests see as `mqtt`: the package as it is published, loaded as a page loads it.
import * as mqtt from "/pkg/index.js";
import { context } from "./rig.js";

context.mqtt = mqtt;
