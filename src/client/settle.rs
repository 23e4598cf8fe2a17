//! How operations end: every accepted one gets exactly one completion or failure.

use super::store::Unsent;
use super::{Completion, Core, Event, Failure, Fate, OpKind};
use crate::codec::ReasonCode;
use crate::error::{Error, ErrorCode};
use crate::session::{Exchange, OpId, Publication, Request};

impl Core {
    pub(super) fn complete(&mut self, completion: Completion) {
        if completion.op != OpId::DETACHED {
            self.events.push_back(Event::Completed(completion));
        }
    }

    /// QoS 0 publishes, and those that ask for no more, are done when their bytes leave.
    pub(super) fn complete_unsent(&mut self, unsent: Vec<Unsent>) {
        for (op, packet_id) in unsent {
            let is_open = packet_id.is_none_or(|id| self.session.exchanges.detach(id, op));
            if is_open {
                self.complete(Completion::new(op, OpKind::Publish));
            }
        }
    }

    /// The same, of what leaves before DISCONNECT.
    pub(super) fn complete_leaving(&mut self) {
        let mut unsent = core::mem::take(&mut self.outbox.ready.unsent);
        if self.is_settled() {
            unsent.append(&mut self.unsent);
        }
        self.complete_unsent(unsent);
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
        if op == Some(OpId::DETACHED) {
            self.events.push_back(Event::Notice(error));
        } else if let Some(op) = op {
            self.events.push_back(Event::Failed(Box::new(Failure { op, kind, error, reasons, fate })));
        }
    }

    /// Settles the publish of a message that waits, or may not be sent. The message is gone.
    pub(super) fn fail_publication(&mut self, publication: &Publication, error: Error) {
        self.session.forget(publication);
        let error = publication.explain(error);
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

    /// A subscription cannot be had; when no operation waits to hear that, an event of its own tells.
    pub(super) fn end_subscription(&mut self, id: u32, op: Option<OpId>, error: &Error) {
        if let Some(entry) = self.session.subscriptions.remove(id)
            && op.is_none()
        {
            let error = error.clone().with_text(Some(&entry.filter));
            self.events.push_back(Event::SubscriptionEnded { id, error });
        }
    }

    /// Settles what ends with the connection: QoS 0 publishes not handed over, and pings.
    pub(super) fn fail_connection_operations(&mut self, error: &Error) {
        for (op, packet_id) in self.take_unsent() {
            // Above QoS 0 they are sent again.
            if packet_id.is_none() {
                self.fail(Some(op), OpKind::Publish, error.clone());
            }
        }
        for (op, _) in core::mem::take(&mut self.pings).into_iter().flatten() {
            self.fail(Some(op), OpKind::Ping, error.clone());
        }
        self.challenged = None;
        if let Some(reauthentication) = self.reauthentication.take() {
            self.fail(reauthentication.op, OpKind::Authenticate, error.clone());
        }
    }

    /// Settles everything that is still open. The client is at its end; [`Event::Closed`] has the reason.
    pub(super) fn fail_everything(&mut self) {
        let error = &Error::new(ErrorCode::ClientClosed);
        let is_kept = self.session.is_kept();
        self.close_outbox();
        // The next client goes on with it.
        let is_stored = |op| is_kept && op == Some(OpId::DETACHED);
        self.fail_connection_operations(error);
        for exchange in self.session.exchanges.take_all() {
            match exchange {
                Exchange::Publish { publication, .. } if !is_stored(publication.op) => {
                    self.fail_sent(publication.op, publication.explain(error.clone()));
                }
                Exchange::Release { op, .. } if !is_stored(op) => self.fail_sent(op, error.clone()),
                Exchange::Publish { .. } | Exchange::Release { .. } => {}
                Exchange::Request { request, .. } => self.fail_request(&request, error.clone()),
            }
        }
        while let Some(publication) = self.session.queue.pop_oldest() {
            if !is_stored(publication.op) {
                self.fail_publication(&publication, error.clone());
            }
        }
        while let Some(request) = self.session.requests.pop_front() {
            self.fail_request(&request, error.clone());
        }
    }
}
