// What users of clients without a router write: a list of filters, each compared with every topic.

/** Returns `dispatch(topic, payload)`. */
export function routes(filters, handler) {
  const list = filters.map((filter) => ({
    levels: filter.split("/"),
    handle: (topic, payload) => handler(topic, payload),
  }));
  return (topic, payload) => {
    const levels = topic.split("/");
    for (const route of list) if (matches(route.levels, levels)) route.handle(topic, payload);
  };
}

function matches(filter, topic) {
  for (let i = 0; i < filter.length; i++) {
    if (filter[i] === "#") return true;
    if (i >= topic.length || (filter[i] !== "+" && filter[i] !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
