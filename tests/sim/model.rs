//! What was asked for and what came of it, and the promises that tie the two together.

use std::collections::{BTreeMap, BTreeSet};
use wasmqtt::codec::QoS;
use wasmqtt::{Error, ErrorCode};

/// One message, in either direction. Its number is its payload.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) qos: QoS,
    /// How often the other side got it.
    pub(crate) arrivals: u32,
    pub(crate) outcome: Option<Result<(), ErrorCode>>,
    /// The caller took it back before it was sent.
    pub(crate) withdrawn: bool,
    /// The receiving application has acknowledged it itself.
    pub(crate) accepted: bool,
    /// The session that held it is gone.
    pub(crate) abandoned: bool,
    /// A client died that had not stored it.
    pub(crate) gone: bool,
    /// A client died, and nobody waits for it any more; the store has it, or had it until it arrived.
    pub(crate) restored: bool,
    /// How often it may come again: clients died that had delivered it, and had not stored that.
    pub(crate) repeats: u32,
}

/// Messages of one direction.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) records: Vec<Record>,
    /// Number of the last first arrival at QoS 0, and at QoS 1 and 2.
    last: [Option<usize>; 2],
}

impl Messages {
    pub(crate) fn add(&mut self, qos: QoS) -> usize {
        self.records.push(Record {
            qos,
            arrivals: 0,
            outcome: None,
            withdrawn: false,
            accepted: false,
            abandoned: false,
            gone: false,
            restored: false,
            repeats: 0,
        });
        self.records.len() - 1
    }

    /// Notes an arrival; the order of first arrivals is the order of publishing (4.6).
    pub(crate) fn arrived(&mut self, number: usize, qos: QoS) {
        let record = &mut self.records[number];
        assert_eq!(record.qos, qos, "message {number} changed its QoS");
        assert!(!record.withdrawn, "message {number} was taken back, yet it was sent");
        assert!(!record.gone, "message {number} was never stored, yet it was sent");
        record.arrivals += 1;
        if record.arrivals == 1 {
            let last = &mut self.last[usize::from(qos > QoS::AtMostOnce)];
            assert!(last.is_none_or(|last| last < number), "{number} overtaken by {last:?}");
            *last = Some(number);
        }
        if qos == QoS::AtMostOnce {
            assert_eq!(record.arrivals, 1, "message {number} arrived twice at QoS 0");
        }
    }
}

/// What an operation was asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// A message, and those at QoS 0 that joined it.
    Publish(Vec<usize>),
    /// Filters, and the numbers of their subscriptions.
    Subscribe(Vec<(String, u32)>),
    Unsubscribe,
    Ping,
    Authenticate,
}

/// Everything that the application knows.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) upward: Messages,
    pub(crate) downward: Messages,
    pub(crate) open: BTreeMap<u32, Asked>,
    pub(crate) settled: BTreeSet<u32>,
    /// The last publish that joined none.
    leader: Option<u32>,
    /// How many joined one.
    pub(crate) joined: usize,
    /// Filters that the application wants, and their numbers.
    pub(crate) wanted: BTreeMap<String, u32>,
    /// Filters that a later server does not offer any more: the one that has the session may know them or not.
    uncertain: BTreeSet<String>,
    /// The application has asked for the end.
    pub(crate) leaving: bool,
    /// Topics of messages that failed when nobody waited for them any more.
    failures: BTreeMap<String, usize>,
}

impl Model {
    /// The message was accepted; `joined`: the last operation that was none of these settles for it.
    pub(crate) fn published(&mut self, op: u32, number: usize, joined: bool) {
        if joined {
            let leader = self.leader.and_then(|leader| self.open.get_mut(&leader));
            let Some(Asked::Publish(numbers)) = leader else { panic!("message {number} joined nothing") };
            numbers.push(number);
            self.joined += 1;
        } else {
            self.open.insert(op, Asked::Publish(vec![number]));
            self.leader = Some(op);
        }
    }

    /// An operation came to its end, for the first and only time.
    pub(crate) fn settle(&mut self, op: u32, result: Result<(), ErrorCode>) {
        assert!(self.settled.insert(op), "operation {op} settled twice");
        let asked = self.open.remove(&op).unwrap_or_else(|| panic!("operation {op} was not open"));
        match asked {
            Asked::Publish(numbers) => {
                for number in numbers {
                    self.upward.records[number].outcome = Some(result);
                }
            }
            Asked::Subscribe(filters) => match result {
                Ok(()) => {}
                Err(ErrorCode::NotSupportedByServer) => {
                    filters.iter().for_each(|(filter, id)| self.give_up(filter, Some(*id)))
                }
                Err(code) => assert!(self.leaving, "nothing else is in the way of {filters:?}: {code:?}"),
            },
            Asked::Unsubscribe => assert!(result.is_ok() || self.leaving, "{result:?}"),
            // These live and die with the connection.
            Asked::Ping | Asked::Authenticate => {}
        }
    }

    /// A message came, for the first time or again.
    pub(crate) fn delivered(&mut self, number: usize, qos: QoS, manual_ack: bool) {
        let record = &self.downward.records[number];
        let twice = qos == QoS::ExactlyOnce && record.arrivals > 0;
        let may_repeat = record.arrivals <= record.repeats || (manual_ack && !record.accepted);
        assert!(!twice || may_repeat, "message {number} delivered twice: {record:?}");
        self.downward.arrived(number, qos);
    }

    /// The client died. `stored`: messages that its store has, if it works. `unknown`: messages that the server sends again
    /// and whose identifiers the store has not.
    /// Subscriptions are not stored: `filters` are those that the server may keep all the same.
    pub(crate) fn crash(
        &mut self,
        stored: Option<&BTreeSet<usize>>,
        unknown: &BTreeSet<usize>,
        filters: Vec<String>,
    ) {
        self.open.clear();
        self.settled.clear();
        self.leaving = false;
        self.wanted.clear();
        self.uncertain.extend(filters);
        for (number, record) in self.upward.records.iter_mut().enumerate() {
            if record.qos == QoS::AtMostOnce {
                continue;
            }
            let is_stored = stored.is_some_and(|stored| stored.contains(&number));
            let was_open = record.outcome.is_none() && !record.withdrawn;
            if is_stored {
                let done = record.qos == QoS::ExactlyOnce && record.outcome == Some(Ok(()));
                assert!(!done, "PUBREL left before message {number} was removed: {record:?}");
                // Also one that had failed, or was taken back, when that was not stored yet.
                record.outcome = record.outcome.filter(Result::is_ok);
                (record.withdrawn, record.restored) = (false, true);
            } else if stored.is_none() {
                // It went with the store.
                record.restored = false;
            } else if was_open && !record.restored {
                // One that has arrived was removed because it had.
                (record.gone, record.restored) = (record.arrivals == 0, record.arrivals > 0);
            }
        }
        for (number, record) in self.downward.records.iter_mut().enumerate() {
            if unknown.contains(&number) && record.arrivals > 0 {
                record.repeats = record.arrivals;
                record.accepted = false;
            }
        }
    }

    /// A message failed that nobody waits for.
    pub(crate) fn note_failure(&mut self, error: &Error) {
        let topic = error.text.as_deref().unwrap_or_default();
        *self.failures.entry(topic.into()).or_default() += 1;
    }

    /// A subscription that nobody waits for has come to its end.
    pub(crate) fn note_loss(&mut self, error: &Error) {
        assert_eq!(error.code, ErrorCode::NotSupportedByServer, "{error:?}");
        self.give_up(error.text.as_deref().expect("a notice names the filter"), None);
    }

    /// `id`: unless the filter was asked for again, under another number.
    fn give_up(&mut self, filter: &str, id: Option<u32>) {
        if id.is_none() || self.wanted.get(filter).copied() == id {
            self.wanted.remove(filter);
        }
        self.uncertain.insert(filter.into());
    }

    pub(crate) fn check_filters(&self, known: &[String]) {
        let certain = |name: &&String| self.wanted.contains_key(*name) || !self.uncertain.contains(*name);
        let certain: Vec<&String> = known.iter().filter(certain).collect();
        assert_eq!(certain, self.wanted.keys().collect::<Vec<_>>(), "filters that the server knows");
    }

    /// Once all is quiet, what must have happened has happened.
    pub(crate) fn check(&self, refuses: impl Fn(usize) -> bool, manual_ack: bool) {
        assert!(self.open.is_empty(), "never settled: {:?}", self.open);
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for (number, record) in self.upward.records.iter().enumerate() {
            let Record { qos, arrivals, outcome, .. } = record;
            let about = || format!("upward message {number}: {record:?}");
            match (qos, outcome) {
                (QoS::AtMostOnce, Some(Err(_))) => assert_eq!(*arrivals, 0, "{}", about()),
                (QoS::AtLeastOnce, Some(Ok(()))) => assert!(*arrivals > 0, "{}", about()),
                (QoS::ExactlyOnce, Some(Ok(()))) => assert_eq!(*arrivals, 1, "{}", about()),
                (QoS::ExactlyOnce, Some(Err(ErrorCode::MessageExpired | ErrorCode::DroppedFromQueue))) => {
                    assert_eq!(*arrivals, 0, "{}", about());
                }
                (QoS::ExactlyOnce, _) => assert!(*arrivals <= 1, "{}", about()),
                _ => {}
            }
            if record.restored && *arrivals == 0 {
                let told = missing.entry(format!("upward/{}", number % 3)).or_default();
                *told += 1;
            }
            if refuses(number) && *qos > QoS::AtMostOnce {
                assert_eq!(*arrivals, 0, "{}", about());
                assert_ne!(*outcome, Some(Ok(())), "{}", about());
            }
        }
        for (topic, count) in missing {
            let told = self.failures.get(&topic).copied().unwrap_or_default();
            assert!(count <= told, "{count} stored messages of {topic} are missing, {told} were told");
        }
        for (number, record) in self.downward.records.iter().enumerate() {
            let about = || format!("downward message {number}: {record:?}");
            let excused = record.abandoned || self.leaving;
            match record.qos {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => assert!(excused || record.arrivals > 0, "{}", about()),
                QoS::ExactlyOnce => {
                    assert!(excused || record.arrivals > 0, "{}", about());
                    assert!(manual_ack || record.arrivals <= 1 + record.repeats, "{}", about());
                }
            }
        }
    }
}
