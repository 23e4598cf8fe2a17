//! What was asked for and what came of it, and the promises that tie the two together.

use std::collections::{BTreeMap, BTreeSet};
use wasmqtt::ErrorCode;
use wasmqtt::codec::QoS;

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
        });
        self.records.len() - 1
    }

    /// Notes an arrival; the order of first arrivals is the order of publishing (4.6).
    pub(crate) fn arrived(&mut self, number: usize, qos: QoS) {
        let record = &mut self.records[number];
        assert_eq!(record.qos, qos, "message {number} changed its QoS");
        assert!(!record.withdrawn, "message {number} was taken back, yet it was sent");
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
    Publish(usize),
    Subscribe(Vec<String>),
    Unsubscribe,
    Ping,
}

/// Everything that the application knows.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) upward: Messages,
    pub(crate) downward: Messages,
    pub(crate) open: BTreeMap<u32, Asked>,
    pub(crate) settled: BTreeSet<u32>,
    /// Filters that the application wants, and their numbers.
    pub(crate) wanted: BTreeMap<String, u32>,
}

impl Model {
    /// An operation came to its end, for the first and only time.
    pub(crate) fn settle(&mut self, op: u32, result: Result<(), ErrorCode>) {
        assert!(self.settled.insert(op), "operation {op} settled twice");
        let asked = self.open.remove(&op).unwrap_or_else(|| panic!("operation {op} was not open"));
        match asked {
            Asked::Publish(number) => self.upward.records[number].outcome = Some(result),
            Asked::Subscribe(filters) => {
                assert_eq!(result, Ok(()), "no limit of this server concerns subscriptions to {filters:?}");
            }
            Asked::Unsubscribe => assert_eq!(result, Ok(())),
            Asked::Ping => {}
        }
    }

    /// Once all is quiet, what must have happened has happened.
    pub(crate) fn check(&self, refuses: impl Fn(usize) -> bool, manual_ack: bool) {
        assert!(self.open.is_empty(), "never settled: {:?}", self.open);
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
            if refuses(number) && *qos > QoS::AtMostOnce {
                assert_eq!(*arrivals, 0, "{}", about());
                assert_ne!(*outcome, Some(Ok(())), "{}", about());
            }
        }
        for (number, record) in self.downward.records.iter().enumerate() {
            let about = || format!("downward message {number}: {record:?}");
            match record.qos {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => assert!(record.abandoned || record.arrivals > 0, "{}", about()),
                QoS::ExactlyOnce => {
                    assert!(record.abandoned || record.arrivals > 0, "{}", about());
                    assert!(manual_ack || record.arrivals <= 1, "{}", about());
                }
            }
        }
    }
}
