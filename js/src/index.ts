export * from "./entry/web.js";
