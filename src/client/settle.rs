//! How operations end: every accepted one gets exactly one completion or failure.

use super::{Completion, Core, Event, Failure, Fate, OpKind};
use crate::codec::ReasonCode;
use crate::error::Error;
use crate::session::{Exchange, OpId, Publication, Request};

impl Core {
    pub(super) fn complete(&mut self, completion: Completion) {
        self.events.push_back(Event::Completed(completion));
    }

    /// QoS 0 publishes are done when their bytes leave.
    pub(super) fn complete_unsent(&mut self) {
        for op in core::mem::take(&mut self.unsent) {
            self.complete(Completion::new(op, OpKind::Publish));
        }
    }

    /// Settles an operation with an error; nothing happens when its caller has given it up.
    pub(super) fn fail(&mut self, op: Option<OpId>, kind: OpKind, error: Error) {
        self.fail_with(op, kind, error, Vec::new(), Fate::Undelivered);
    }

    /// Settles a publish whose message was sent and has no last answer.
    pub(super) fn fail_sent(&mut self, op: Option<OpId>, error: Error) {
        self.fail_with(op, OpKind::Publish, error, Vec::new(), Fate::Unknown);
    }

    pub(super) fn fail_with(
        &mut self,
        op: Option<OpId>,
        kind: OpKind,
        error: Error,
        reasons: Vec<ReasonCode>,
        fate: Fate,
    ) {
        if let Some(op) = op {
            self.events.push_back(Event::Failed(Box::new(Failure { op, kind, error, reasons, fate })));
        }
    }

    /// Settles the publish of a message that waits, or may not be sent.
    pub(super) fn fail_publication(&mut self, publication: &Publication, error: Error) {
        if publication.sent {
            self.fail_sent(publication.op, error);
        } else {
            self.fail(publication.op, OpKind::Publish, error);
        }
    }

    pub(super) fn fail_request(&mut self, request: &Request, error: Error) {
        let kind = match request {
            Request::Subscribe { .. } => OpKind::Subscribe,
            Request::Unsubscribe { .. } => OpKind::Unsubscribe,
        };
        self.fail(request.op(), kind, error);
    }

    /// A subscription cannot be had; when no operation waits to hear that, a notice names its filter.
    pub(super) fn end_subscription(&mut self, id: u32, op: Option<OpId>, error: &Error) {
        if let Some(entry) = self.session.subscriptions.remove(id)
            && op.is_none()
        {
            self.events.push_back(Event::Notice(error.clone().with_text(Some(&entry.filter))));
        }
    }

    /// Settles what ends with the connection: QoS 0 publishes not handed over, and pings.
    pub(super) fn fail_connection_operations(&mut self, error: &Error) {
        for op in core::mem::take(&mut self.unsent) {
            self.fail(Some(op), OpKind::Publish, error.clone());
        }
        for (op, _) in core::mem::take(&mut self.pings).into_iter().flatten() {
            self.fail(Some(op), OpKind::Ping, error.clone());
        }
        self.challenged = None;
        if let Some(reauthentication) = self.reauthentication.take() {
            self.fail(reauthentication.op, OpKind::Authenticate, error.clone());
        }
    }

    /// Settles everything that is still open. The client is at its end.
    pub(super) fn fail_everything(&mut self, error: &Error) {
        self.fail_connection_operations(error);
        for exchange in self.session.exchanges.take_all() {
            match exchange {
                Exchange::Publish { publication, .. } => self.fail_sent(publication.op, error.clone()),
                Exchange::Release { op, .. } => self.fail_sent(op, error.clone()),
                Exchange::Request { request, .. } => self.fail_request(&request, error.clone()),
            }
        }
        while let Some(publication) = self.session.queue.pop_oldest() {
            self.fail_publication(&publication, error.clone());
        }
        while let Some(request) = self.session.requests.pop_front() {
            self.fail_request(&request, error.clone());
        }
    }
}
