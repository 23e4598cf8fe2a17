// CommonJS as mini-programs have it: files of the code package by relative path, packages below miniprogram_npm by name.
import { posix } from "node:path";

const LITERAL = /\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/g;

/** Answers `require` for a page at `/pages/index/index.js`. `files` is `{ "/path": text or bytes }`. */
export function createModules(profile, realm, files, scope, uncaught) {
  const loaded = new Map();
  const hidden = Object.fromEntries(profile.hidden.map((name) => [name, undefined]));

  function resolve(name, folder) {
    const paths = /^\.\.?\//.test(name)
      ? [posix.join(folder, name), `${posix.join(folder, name)}.js`]
      : packagePaths(name, folder);
    return paths.find((path) => path.endsWith(".js") && files[path] !== undefined);
  }

  /** A name is looked for in the miniprogram_npm of the folder and of every one above it. */
  function packagePaths(name, folder) {
    const paths = [];
    for (let at = folder; ; at = posix.dirname(at)) {
      const path = posix.join(at, "miniprogram_npm", name);
      paths.push(`${path}/index.js`, `${path}.js`, path);
      if (at === "/") return paths;
    }
  }

  function load(path) {
    const known = loaded.get(path);
    if (known) return known.exports;
    const module = { exports: realm.run("({})") };
    loaded.set(path, module);
    const text = files[path].toString();
    // Only paths that stand as literals in the file are packed with it.
    const literals = new Set(Array.from(text.matchAll(LITERAL), ([, , name]) => name));
    const require = (name) => {
      const found = literals.has(name) ? resolve(name, posix.dirname(path)) : undefined;
      if (!found) throw realmError(`module '${name}' is not defined`);
      return load(found);
    };
    // Hidden names are parameters without an argument; `scope` stands for what a bundler puts in their place.
    const given = { require, module, exports: module.exports, ...hidden, ...scope };
    const code = `(function (${Object.keys(given).join(", ")}) { "use strict"; ${text}\n})`;
    try {
      realm.run(code, path)(...Object.values(given));
    } catch (error) {
      if (!profile.swallowsModuleErrors) {
        loaded.delete(path);
        throw error;
      }
      uncaught.push(error); // P: Douyin on iOS answers what had been exported until then
    }
    return module.exports;
  }

  const realmError = (text) => Object.assign(realm.run("new Error()"), { message: text });

  return (name) => {
    const path = resolve(name, "/pages/index");
    if (!path) throw realmError(`module '${name}' is not defined`);
    return load(path);
  };
}
