// The life of a mini-program: seen and not seen, standing still, thrown away, and the network it is told of.

/** Answers `{ members, network, hide(), show(), change(status, sockets) }`. `discard` throws the mini-program away. */
export function createLifecycle({ profile, thread, realm, calls, discard }) {
  const { grace, destroy, news } = profile.background;
  const listeners = { AppShow: [], AppHide: [], NetworkStatusChange: [] };
  const network = { interrupted: false };
  let sockets;
  let clocks = [];

  function tell(type, detail) {
    for (const listener of [...listeners[type]])
      thread.post(() => calls.guard(() => listener(realm.copy(detail))));
  }

  const members = {};
  for (const [type, list] of Object.entries(listeners)) {
    members[`on${type}`] = (listener) => void list.push(listener);
    members[`off${type}`] = (listener) => {
      const at = list.indexOf(listener);
      if (at >= 0) list.splice(at, 1);
    };
  }

  function suspend() {
    network.interrupted = true;
    if (news !== "immediate") thread.freeze(); // what is told from here on waits
    sockets.interrupt(profile.background);
  }

  return {
    members,
    network,
    govern(given) {
      sockets = given;
    },
    /** The user turns to something else. */
    hide() {
      tell("AppHide", {});
      clocks = [thread.hostTimer(suspend, grace), thread.hostTimer(discard, destroy)];
    },
    /** The user comes back. */
    show() {
      for (const clock of clocks.splice(0)) thread.clear(clock);
      network.interrupted = false;
      tell("AppShow", {});
      thread.thaw();
    },
    /** Changes the network. `fate` says what becomes of open sockets: "kept", "lost", or "deaf": open in name only. */
    change(isConnected, networkType, fate = isConnected ? "kept" : "lost") {
      for (const link of [...sockets.live]) {
        if (fate === "lost") link.end({ why: "handshake" });
        if (fate === "deaf") link.deafen();
      }
      tell("NetworkStatusChange", { isConnected, networkType });
    },
  };
}
