/** The numbers of rounds of a plan, until there are enough or another one like the last would take longer than its minutes. */
export function* roundsOf({ rounds, minutes = Number.POSITIVE_INFINITY }, now = () => performance.now()) {
  const start = now();
  let last = 0;
  for (let round = 0; round < rounds; round++) {
    const begin = now();
    if (round > 0 && begin - start + last > minutes * 60_000) return;
    yield round;
    last = now() - begin;
  }
}

/**
 * Who is measured in a scenario of a round: identifiers. Unless `everyone` shall be there each time, lesser clients are measured
 * in the first round only, and those of others in the slow scenarios: they cost most of the time, and no goal needs them twice.
 * A short run has the slow scenarios without them.
 */
export function takingPart({ slow: times, everyone = false }, scenario, clients, round) {
  const { id, only, slow = false, qos = 0 } = scenario;
  const isThere = ({ adapter, parts, highestQos = 2, npm, isLesser = false, ...client }) =>
    qos <= highestQos &&
    (only?.includes(adapter ?? client.id) ?? true) &&
    (parts?.some((part) => id.startsWith(part)) ?? true) &&
    !(npm && slow && times === 1) &&
    (everyone || round === 0 || !(isLesser || (npm && slow)));
  return clients.filter(isThere).map((client) => client.id);
}
