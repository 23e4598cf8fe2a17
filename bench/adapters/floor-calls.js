// The floor without a promise for each publish: `done` is called, and that is all.
import { floorOf } from "./floor.js";

export default () => floorOf({ isPromising: false });
