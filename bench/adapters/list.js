// What users of clients without a router write: a list of filters, each compared with every topic.
import match from "mqtt-match";

/** Returns `dispatch(topic, payload)`. `isSplit`: as a careful user does it, with filters and topic split only once. */
export function routes(filters, handler, isSplit) {
  const list = filters.map((filter) => ({
    filter: isSplit ? filter.split("/") : filter,
    handle: (topic, payload) => handler(topic, payload),
  }));
  const fits = isSplit ? matches : match;
  return (topic, payload) => {
    const given = isSplit ? topic.split("/") : topic;
    for (const { filter, handle } of list) if (fits(filter, given)) handle(topic, payload);
  };
}

function matches(filter, topic) {
  for (let i = 0; i < filter.length; i++) {
    if (filter[i] === "#") return true;
    if (i >= topic.length || (filter[i] !== "+" && filter[i] !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
