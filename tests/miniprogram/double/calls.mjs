// How asynchronous calls of a host answer: success, fail and complete, or a promise where a build does that.

export function createCalls(profile, thread, realm) {
  const has = (options) =>
    ["success", "fail", "complete"].some((name) => typeof options[name] === "function");

  /** A listener that throws is an uncaught error of the mini-program, and does not keep the others from running. */
  function guard(callback) {
    try {
      callback();
    } catch (error) {
      thread.uncaught.push(error);
    }
  }

  /** Answers a call in a later turn, or `now`: within the call itself. */
  function settle(options, answer, ok, now = false) {
    const inside = realm.copy(answer);
    if (profile.promises && !has(options)) {
      return ok ? realm.Promise.resolve(inside) : realm.Promise.reject(inside);
    }
    const tell = () => {
      for (const callback of [ok ? options.success : options.fail, options.complete]) {
        if (typeof callback === "function") guard(() => callback(inside));
      }
    };
    if (now) tell();
    else thread.post(tell);
    return undefined;
  }

  return { has, guard, settle };
}
