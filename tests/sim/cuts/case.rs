//! One scenario under one set of circumstances, from beginning to end.

use super::plan::{Cut, Places, Plan, Remains, Store};
use super::scenarios::{self, SCENARIOS, Scenario, Step};
use crate::world::{Way, World};
use std::fmt;
use wasmqtt::ErrorCode;
use wasmqtt::codec::{ProtocolVersion, QoS};
use wasmqtt::config::FirstSession;

/// One scenario under one set of circumstances.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) scenario: &'static Scenario,
    pub(super) version: ProtocolVersion,
    pub(super) loses_session: bool,
    /// Limits after the first connection: 0 for the same, else the number in the scenario's list.
    pub(super) later: usize,
    pub(super) store: Store,
    pub(super) cuts: Vec<Cut>,
}

const STORES: [(Store, &str); 3] = [(Store::None, "none"), (Store::Prompt, "prompt"), (Store::Late, "late")];

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = if self.loses_session { "lost" } else { "kept" };
        let (_, store) = STORES.iter().find(|(store, _)| *store == self.store).expect("a store");
        let Self { scenario, version, later, .. } = self;
        write!(f, "{}/{}/{session}/{later}/{store}/", scenario.name, version.level())?;
        for (index, cut) in self.cuts.iter().enumerate() {
            let plus = if index > 0 { "+" } else { "" };
            match cut {
                Cut::Behind(Way::Up, place) => write!(f, "{plus}up{place}")?,
                Cut::Behind(Way::Down, place) => write!(f, "{plus}down{place}")?,
                Cut::At(place) => write!(f, "{plus}at{place}")?,
                Cut::Dies(place, Remains { committed, arrives }) => {
                    let mark = |yes: &bool, mark| if *yes { mark } else { "" };
                    write!(f, "{plus}dies{}{}{place}", mark(committed, "c"), mark(arrives, "a"))?;
                }
            }
        }
        Ok(())
    }
}

impl Case {
    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split('/').collect();
        let [name, level, session, later, store, cuts] = parts[..] else { panic!("{text}: not six parts") };
        let cut = |text: &str| {
            let place = |text: &str| text.parse().expect("a place");
            if let Some(rest) = text.strip_prefix("dies") {
                let remains = Remains { committed: rest.contains('c'), arrives: rest.contains('a') };
                return Cut::Dies(place(rest.trim_start_matches(['c', 'a'])), remains);
            }
            match (text.strip_prefix("up"), text.strip_prefix("down"), text.strip_prefix("at")) {
                (Some(rest), ..) => Cut::Behind(Way::Up, place(rest)),
                (_, Some(rest), _) => Cut::Behind(Way::Down, place(rest)),
                (.., Some(rest)) => Cut::At(place(rest)),
                _ => panic!("{text} is no cut"),
            }
        };
        Self {
            scenario: SCENARIOS.iter().find(|scenario| scenario.name == name).expect("a scenario"),
            version: if level == "5" { ProtocolVersion::V5 } else { ProtocolVersion::V311 },
            loses_session: session == "lost",
            later: later.parse().expect("a number"),
            store: STORES.iter().find(|(_, name)| *name == store).expect("a store").0,
            cuts: cuts.split('+').filter(|text| !text.is_empty()).map(cut).collect(),
        }
    }

    /// Plays the case; answers where else it could be cut, and whether the last cut broke a link or an attempt.
    pub(super) fn play(&self, trace: bool) -> (Places, bool) {
        let first = self.scenario.limits;
        let later = if self.later == 0 { first } else { self.scenario.later[self.later - 1] };
        let plan = Plan::new(&self.cuts, self.loses_session, [first, later], self.store);
        let mut config = self.scenario.config(self.version);
        if self.store != Store::None {
            (config.durable, config.first_session) = (true, FirstSession::Adopt);
        }
        let mut world = World::new(config, 1, plan, trace);
        for step in self.scenario.steps {
            world.may_break();
            play(&mut world, *step);
            world.drain();
        }
        world.settle_down(true);
        world.succeed();
        world.check();
        self.check_outcomes(&world);
        assert!(world.fate.cuts.is_empty(), "the run ended before {:?}", world.fate.cuts);
        let (places, breaks) = (world.fate.since, world.breaks);
        if !world.closed {
            world.leave();
            assert!(world.closed);
        }
        (places, breaks == self.cuts.len())
    }

    /// What the application may count on, beyond what the model demands of every run.
    fn check_outcomes(&self, world: &World<Plan>) {
        if world.model.leaving || self.later > 0 {
            return;
        }
        for (number, record) in world.model.upward.records.iter().enumerate() {
            let allowed: &[Result<(), ErrorCode>] = match record.qos {
                QoS::AtMostOnce => continue,
                // The model sees to these.
                _ if record.gone || record.restored => continue,
                QoS::ExactlyOnce if self.loses_session => &[Ok(()), Err(ErrorCode::SessionLost)],
                QoS::AtLeastOnce | QoS::ExactlyOnce => &[Ok(())],
            };
            let outcome = record.outcome.expect("settled");
            assert!(allowed.contains(&outcome), "message {number}: {record:?}");
        }
        for record in &world.model.downward.records {
            let safe = !self.loses_session && record.qos > QoS::AtMostOnce && !record.abandoned;
            assert!(!safe || record.arrivals > 0, "{record:?}");
        }
    }
}

fn play(world: &mut World<Plan>, step: Step) {
    match step {
        Step::Start => world.start(),
        Step::Publish(qos) => world.publish(qos, false, 0, &scenarios::NO_PROPERTIES),
        Step::PublishLong(qos) => world.publish(qos, false, 30, &scenarios::NO_PROPERTIES),
        Step::Retain(qos) => world.publish(qos, true, 0, &scenarios::NO_PROPERTIES),
        Step::Subscribe(filters) => world.subscribe(filters, QoS::ExactlyOnce),
        Step::Unsubscribe(filter) => world.unsubscribe(filter),
        Step::Deliver(qos) => world.deliver(qos),
        Step::Ping => world.ping(),
        Step::Reauthenticate => world.reauthenticate(),
        Step::Acknowledge => {
            if let Some(last) = world.tokens.len().checked_sub(1) {
                world.acknowledge(last);
            }
        }
        Step::Answer(count) => {
            world.carry_up(world.up.len());
            world.broker.send(count, &mut world.down);
            world.carry_down(world.down.len());
        }
        Step::Flow => world.settle_down(false),
        Step::Leave => {
            if !world.closed {
                world.leave();
            }
        }
    }
}
