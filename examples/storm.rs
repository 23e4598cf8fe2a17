//! A broker restarts, and very many clients come back: when, and how many at a time?
//!
//! `npm run storm` runs this and makes docs/reconnect.md of it. Every client is the real core with its defaults, on a
//! virtual clock; beside it, clients that try again each second, whatever they are told.
//!
//! `cargo run --release --example storm -- <clients> <outage in s> <connects/s> <refuse|busy> <wasmqtt|fixed>` prints one
//! JSON object. A million real clients need about 2 GB of memory.

#![allow(clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::env::args;
use wasmqtt::client::{Client, ClientState, TransportClose, TransportRequest};
use wasmqtt::config::Config;
use wasmqtt::connection::Credentials;
use wasmqtt::time::Instant;

/// Virtual milliseconds. The connections are made at 0 and lost from [`CUT`] on, when they have long been stable.
type Time = u64;
const CUT: Time = 20_000;
/// The connections are lost one after the other within this time.
const CUT_LASTS: Time = 1000;
/// From an attempt to its outcome: a round trip or two.
const LATENCY: Time = 50;
/// The server lets the connections of each such span of time in, up to its limit.
const SPAN: Time = 100;
/// No run lasts longer after the server is back.
const END: Time = 3_600_000;

/// CONNACK of 5.0 with Reason Code 0, and with 0x89, server busy.
const WELCOME: [u8; 5] = [0x20, 3, 0, 0, 0];
const BUSY: [u8; 5] = [0x20, 3, 0, 0x89, 0];

/// What a client does next.
enum Next {
    Dials,
    WaitsUntil(Time),
    Nothing,
}

/// A client as the network sees it.
trait Dialer {
    fn new(seed: u64) -> Self;
    fn start(&mut self) -> Next;
    /// The connection or the attempt ended without a word.
    fn refused(&mut self, now: Time) -> Next;
    /// The server said that it is busy.
    fn told_busy(&mut self, now: Time) -> Next;
    fn welcomed(&mut self, now: Time) -> Next;
    fn wakes(&mut self, now: Time) -> Next;
}

/// The core with the defaults of the package; without pings, which have no part in this.
impl Dialer for Client {
    fn new(seed: u64) -> Self {
        let config = Config { keep_alive_seconds: 0, client_id: format!("{seed:x}"), ..Config::default() };
        Self::new(config, seed).expect("the defaults are valid")
    }

    fn start(&mut self) -> Next {
        self.start(Instant::from_millis(0)).expect("starts once");
        drain(self, 0)
    }

    fn refused(&mut self, now: Time) -> Next {
        self.handle_closed(Instant::from_millis(now), TransportClose { code: 1006, reason: "" });
        drain(self, now)
    }

    fn told_busy(&mut self, now: Time) -> Next {
        self.answered(now, &BUSY)
    }

    fn welcomed(&mut self, now: Time) -> Next {
        let next = self.answered(now, &WELCOME);
        assert_eq!(self.state(), ClientState::Connected, "a client takes its CONNACK");
        next
    }

    fn wakes(&mut self, now: Time) -> Next {
        self.handle_timeout(Instant::from_millis(now));
        drain(self, now)
    }
}

trait Answered {
    fn answered(&mut self, now: Time, connack: &[u8]) -> Next;
}

impl Answered for Client {
    fn answered(&mut self, now: Time, connack: &[u8]) -> Next {
        let at = Instant::from_millis(now);
        self.handle_opened(at, &["mqtt"], "mqtt", Credentials::default());
        drain(self, now);
        self.handle_input(at, connack);
        drain(self, now)
    }
}

/// Does what a driver does after every call.
fn drain(client: &mut Client, now: Time) -> Next {
    let at = Instant::from_millis(now);
    let mut next = Next::Nothing;
    let mut buffer = Vec::new();
    loop {
        while client.poll_event(at).is_some() {}
        while client.poll_transmit(at, &mut buffer) {}
        match client.poll_transport() {
            Some(TransportRequest::Open { .. }) => next = Next::Dials,
            Some(TransportRequest::Close) => {}
            None => break,
        }
    }
    match (next, client.poll_timeout()) {
        (Next::Nothing, Some(deadline)) if client.state() == ClientState::Reconnecting => {
            Next::WaitsUntil(deadline.as_millis())
        }
        (next, _) => next,
    }
}

/// What most clients do: one attempt each second, for ever.
struct Fixed;

impl Dialer for Fixed {
    fn new(_seed: u64) -> Self {
        Self
    }

    fn start(&mut self) -> Next {
        Next::Dials
    }

    fn refused(&mut self, now: Time) -> Next {
        Next::WaitsUntil(now + 1000)
    }

    fn told_busy(&mut self, now: Time) -> Next {
        Next::WaitsUntil(now + 1000)
    }

    fn welcomed(&mut self, _now: Time) -> Next {
        Next::Nothing
    }

    fn wakes(&mut self, _now: Time) -> Next {
        Next::Dials
    }
}

struct Server {
    back: Time,
    /// Connections that it lets in per [`SPAN`].
    limit: u64,
    says_busy: bool,
    span: Time,
    taken: u64,
}

impl Server {
    fn lets_in(&mut self, now: Time) -> bool {
        if now < self.back {
            return false;
        }
        let span = now / SPAN;
        if span != self.span {
            (self.span, self.taken) = (span, 0);
        }
        self.taken += 1;
        self.taken <= self.limit
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wakes,
    Reaches,
}

/// Attempts and welcomes in each [`SPAN`] after the cut.
#[derive(Default)]
struct Record {
    attempts: Vec<u64>,
    welcomes: Vec<u64>,
    all_back: Time,
}

fn count(list: &mut Vec<u64>, now: Time) {
    let span = usize::try_from((now - CUT) / SPAN).expect("a small number");
    if list.len() <= span {
        list.resize(span + 1, 0);
    }
    list[span] += 1;
}

fn run<D: Dialer>(clients: u32, server: &mut Server) -> Record {
    let mut all: Vec<D> = (0..clients).map(|seed| D::new(u64::from(seed))).collect();
    let mut queue = BinaryHeap::new();
    let mut record = Record::default();
    for (client, id) in all.iter_mut().zip(0..) {
        client.start();
        client.welcomed(0);
        let cut = CUT + u64::from(id) * CUT_LASTS / u64::from(clients);
        let next = client.refused(cut);
        schedule(&mut queue, &mut record, cut, id, &next);
    }
    let mut connected = 0;
    while let Some(Reverse((now, event, id))) = queue.pop() {
        assert!(now < server.back + END, "{connected} of {clients} are back after an hour");
        let client = &mut all[id as usize];
        let next = match event {
            Event::Wakes => client.wakes(now),
            Event::Reaches if server.lets_in(now) => {
                count(&mut record.welcomes, now);
                connected += 1;
                record.all_back = now;
                client.welcomed(now)
            }
            Event::Reaches if server.says_busy && now >= server.back => client.told_busy(now),
            Event::Reaches => client.refused(now),
        };
        schedule(&mut queue, &mut record, now, id, &next);
    }
    assert_eq!(connected, clients, "everybody is back");
    record
}

type Queue = BinaryHeap<Reverse<(Time, Event, u32)>>;

fn schedule(queue: &mut Queue, record: &mut Record, now: Time, id: u32, next: &Next) {
    match next {
        Next::Dials => {
            count(&mut record.attempts, now);
            queue.push(Reverse((now + LATENCY, Event::Reaches, id)));
        }
        Next::WaitsUntil(at) => queue.push(Reverse((*at.max(&now), Event::Wakes, id))),
        Next::Nothing => {}
    }
}

fn main() {
    let given: Vec<String> = args().skip(1).collect();
    let [clients, outage, rate, mode, policy] = given.as_slice() else {
        panic!("storm <clients> <outage in s> <connects/s> <refuse|busy> <wasmqtt|fixed>");
    };
    let number = |text: &String| text.parse::<u32>().expect("a whole number");
    let mut server = Server {
        back: CUT + u64::from(number(outage)) * 1000,
        limit: u64::from(number(rate)) * SPAN / 1000,
        says_busy: mode == "busy",
        span: 0,
        taken: 0,
    };
    let record = match policy.as_str() {
        "wasmqtt" => run::<Client>(number(clients), &mut server),
        _ => run::<Fixed>(number(clients), &mut server),
    };
    println!(
        "{{\"span\":{SPAN},\"allBack\":{},\"attempts\":{:?},\"welcomes\":{:?}}}",
        record.all_back - server.back,
        record.attempts,
        record.welcomes
    );
}
