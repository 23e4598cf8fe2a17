//! What a client told and sent, in a form that outlives it and can be read.

use core::fmt::Write;
use std::sync::Arc;
use wasmqtt::Error;
use wasmqtt::client::{ClientState, Completion, Event, Failure, OpKind, PacketInfo, Retry};
use wasmqtt::codec::{
    AckKind, Packet, Properties, PropertiesBuf, PropertyId, ProtocolVersion, QoS, ReasonCode, RetainHandling,
    decode_from_client,
};
use wasmqtt::connection::Negotiated;

/// A message as it was delivered.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) topic: String,
    pub(crate) topic_id: u32,
    pub(crate) new_topic: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    pub(crate) properties: PropertiesBuf,
    pub(crate) subscriptions: Vec<u32>,
    pub(crate) ack_token: Option<u32>,
}

/// An event that owns what it tells.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    State(ClientState),
    Connected(Arc<Negotiated>),
    Message(Arrived),
    /// Authentication Data of a challenge.
    Challenge(Option<Vec<u8>>),
    Completed(Completion),
    Failed(Failure),
    Disconnected(Option<Error>, Option<Retry>),
    Notice(Error),
    Closed(Option<Error>),
    Packet(PacketInfo),
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::State(state) => Self::State(state),
            Event::Connected(negotiated) => Self::Connected(negotiated),
            Event::Message(message) => Self::Message(Arrived {
                topic: message.topic.into(),
                topic_id: message.topic_id,
                new_topic: message.new_topic,
                payload: message.payload.into(),
                qos: message.qos,
                retain: message.retain,
                dup: message.dup,
                properties: PropertiesBuf::from_validated(message.properties),
                subscriptions: message.subscriptions.into(),
                ack_token: message.ack_token,
            }),
            Event::AuthChallenge(data) => Self::Challenge(data.as_bytes().map(Into::into)),
            Event::Completed(completion) => Self::Completed(completion),
            Event::Failed(failure) => Self::Failed(*failure),
            Event::Disconnected { error, retry } => Self::Disconnected(error, retry),
            Event::Notice(error) | Event::SubscriptionEnded { error, .. } => Self::Notice(error),
            Event::Closed(error) => Self::Closed(error),
            Event::Packet(packet) => Self::Packet(packet),
        }
    }
}

/// One line for an event, none for a change of state.
pub(crate) fn line_of_told(told: &Told) -> Option<String> {
    Some(match told {
        Told::State(_) | Told::Packet(_) => return None,
        Told::Connected(negotiated) if negotiated.session_present => "connected to its session".into(),
        Told::Connected(_) => "connected".into(),
        Told::Message(message) => {
            let mut line = format!("message q{} {} ", message.qos.value(), message.topic);
            line.push_str(&String::from_utf8_lossy(&message.payload));
            flag(&mut line, message.retain, " retain");
            flag(&mut line, message.dup, " dup");
            line
        }
        Told::Challenge(data) => {
            format!("challenge {}", String::from_utf8_lossy(data.as_deref().unwrap_or_default()))
        }
        Told::Completed(completion) => {
            let verb = match completion.kind {
                OpKind::Publish => "published",
                OpKind::Subscribe => "subscribed",
                OpKind::Unsubscribe => "unsubscribed",
                OpKind::Ping => "pinged",
                OpKind::Authenticate => "authenticated",
            };
            let failures = completion.reasons.iter().any(|reason| *reason != ReasonCode::SUCCESS);
            let reasons = if failures || completion.kind == OpKind::Subscribe {
                codes(&completion.reasons)
            } else {
                String::new()
            };
            format!("{verb} {}{reasons}", completion.op.0)
        }
        Told::Failed(failure) => {
            let verb = match failure.kind {
                OpKind::Publish => "publish",
                OpKind::Subscribe => "subscribe",
                OpKind::Unsubscribe => "unsubscribe",
                OpKind::Ping => "ping",
                OpKind::Authenticate => "authenticate",
            };
            format!(
                "{verb} {} failed: {}{}",
                failure.op.0,
                line_of_error(&failure.error),
                codes(&failure.reasons)
            )
        }
        Told::Disconnected(error, retry) => {
            let error = error.as_ref().map_or_else(String::new, line_of_error);
            match retry {
                Some(retry) => format!("lost: {error}; retry in {}", retry.delay.get()),
                None => format!("lost: {error}; no retry"),
            }
        }
        Told::Notice(error) => format!("notice: {}", line_of_error(error)),
        Told::Closed(None) => "closed".into(),
        Told::Closed(Some(error)) => format!("closed: {}", line_of_error(error)),
    })
}

fn line_of_error(error: &Error) -> String {
    let mut line = format!("{:?}", error.code);
    if let Some(reason) = error.reason {
        let _infallible = write!(line, " {:#04x}", reason.value());
    }
    line
}

fn codes(reasons: &[ReasonCode]) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let list: Vec<String> = reasons.iter().map(|reason| format!("{:#04x}", reason.value())).collect();
    format!(" [{}]", list.join(", "))
}

/// One line for a packet of a client.
pub(crate) fn line_of_packet(version: ProtocolVersion, packet: &[u8]) -> String {
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _infallible = match decode_from_client(version, packet).expect("checked before") {
        Packet::Connect(connect) => {
            let start = if connect.clean_start { "clean" } else { "resume" };
            write!(line, "CONNECT {} {start} {}", version.level(), connect.client_id)
        }
        Packet::Publish(publish) => {
            let topic = if publish.topic.is_empty() { "-" } else { publish.topic };
            let _ok = write!(line, "PUBLISH q{}", publish.qos.value());
            if let Some(id) = publish.packet_id {
                let _ok = write!(line, " #{id}");
            }
            let payload = String::from_utf8_lossy(publish.payload);
            let _ok = write!(line, " {topic} {}", payload.get(..20).unwrap_or(&payload));
            flag(&mut line, publish.retain, " retain");
            flag(&mut line, publish.dup, " dup");
            number(&mut line, " alias=", publish.properties.u16(PropertyId::TopicAlias).map(u32::from));
            number(&mut line, " expiry=", publish.properties.u32(PropertyId::MessageExpiryInterval));
            Ok(())
        }
        Packet::Ack(ack) => {
            let name = match ack.kind {
                AckKind::PubAck => "PUBACK",
                AckKind::PubRec => "PUBREC",
                AckKind::PubRel => "PUBREL",
                AckKind::PubComp => "PUBCOMP",
            };
            let _ok = write!(line, "{name} #{}", ack.packet_id);
            reason(&mut line, ack.reason);
            Ok(())
        }
        Packet::Subscribe(subscribe) => {
            let _ok = write!(line, "SUBSCRIBE #{}", subscribe.packet_id);
            for (filter, options) in subscribe.filters.iter() {
                let _ok = write!(line, " {filter}:{}", options.qos.value());
                flag(&mut line, options.no_local, "+nl");
                flag(&mut line, options.retain_as_published, "+rap");
                flag(&mut line, options.retain_handling == RetainHandling::SendIfNew, "+rh1");
                flag(&mut line, options.retain_handling == RetainHandling::DoNotSend, "+rh2");
            }
            number(&mut line, " id=", first_identifier(subscribe.properties));
            pairs(&mut line, subscribe.properties);
            Ok(())
        }
        Packet::Unsubscribe(unsubscribe) => {
            let filters: Vec<&str> = unsubscribe.filters.iter().collect();
            let _ok = write!(line, "UNSUBSCRIBE #{} {}", unsubscribe.packet_id, filters.join(" "));
            pairs(&mut line, unsubscribe.properties);
            Ok(())
        }
        Packet::PingReq => write!(line, "PINGREQ"),
        Packet::Disconnect(disconnect) => {
            line.push_str("DISCONNECT");
            reason(&mut line, disconnect.reason);
            number(&mut line, " expiry=", disconnect.properties.u32(PropertyId::SessionExpiryInterval));
            Ok(())
        }
        other => write!(line, "{:?}", other.packet_type()),
    };
    line
}

fn first_identifier(properties: Properties<'_>) -> Option<u32> {
    properties.subscription_identifiers().next()
}

fn pairs(line: &mut String, properties: Properties<'_>) {
    for (name, value) in properties.user_properties() {
        let _infallible = write!(line, " {name}={value}");
    }
}

fn flag(line: &mut String, set: bool, text: &str) {
    if set {
        line.push_str(text);
    }
}

fn number(line: &mut String, label: &str, value: Option<u32>) {
    if let Some(value) = value {
        let _infallible = write!(line, "{label}{value}");
    }
}

fn reason(line: &mut String, reason: ReasonCode) {
    if reason != ReasonCode::SUCCESS {
        let _infallible = write!(line, " {:#04x}", reason.value());
    }
}
