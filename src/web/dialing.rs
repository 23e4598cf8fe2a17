//! From an attempt to its socket: URL and credentials from the host, then the WebSocket.

use super::driver::Driver;
use super::host::{HostError, Target};
use super::socket::Socket;
use crate::client::Client;
use crate::connection::Credentials;
use crate::error::{Error, ErrorCode};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

impl Driver {
    /// Asks the host for URL and credentials, which may take a while.
    pub(super) fn resolve(&self, attempt: u32) {
        let generation = self.generation.get().wrapping_add(1);
        self.generation.set(generation);
        self.provider_error.take();
        let promise = match self.host.resolve(attempt) {
            Ok(promise) => promise,
            Err(thrown) => return self.on_provider_error(thrown),
        };
        let this = self.this.clone();
        spawn_local(async move {
            let answer = JsFuture::from(promise).await;
            let Some(driver) = this.upgrade().filter(|driver| driver.generation.get() == generation) else {
                return answer.iter().for_each(|target| hang_up(target.unchecked_ref()));
            };
            match answer {
                Ok(target) => driver.open(target.unchecked_into()),
                Err(thrown) => driver.on_provider_error(thrown),
            }
            driver.pump(None);
        });
    }

    fn on_provider_error(&self, thrown: JsValue) {
        let retryable = thrown.is_object() && thrown.unchecked_ref::<HostError>().retryable() != Some(false);
        let code = if retryable { ErrorCode::ProviderFailed } else { ErrorCode::InvalidUrl };
        self.provider_error.replace(Some(thrown));
        self.fail(Error::new(code));
    }

    fn open(&self, target: Target) {
        let mut checked = Ok(());
        with_credentials(&target, &mut |credentials| {
            self.enter(&mut |client: &mut Client, _| checked = client.check_credentials(credentials));
        });
        if let Err(error) = checked {
            hang_up(&target);
            return self.fail(error);
        }
        let protocols = target.protocols();
        let made = match target.socket() {
            Some(ws) => Ok(ws),
            None => Socket::open(&target.url(), &protocols),
        };
        let ws = match made {
            Ok(ws) => ws,
            Err(thrown) => return self.fail(open_error(&thrown, &target.url())),
        };
        let _thrown = self.host.on_socket(&ws);
        let (this, generation) = (self.this.clone(), self.generation.get());
        let socket = Socket::new(ws, move |event| {
            // Late events of a socket that was given up mean nothing.
            if let Some(driver) = this.upgrade().filter(|driver| driver.generation.get() == generation) {
                driver.on_socket_event(event);
            }
        });
        self.target.replace(Some(target));
        self.socket.replace(Some(socket));
    }
}

/// A socket that nobody is going to use.
fn hang_up(target: &Target) {
    if let Some(ws) = target.socket() {
        let _thrown = ws.close();
    }
}

/// Copies the credentials in for as long as `look` takes.
pub(super) fn with_credentials(target: &Target, look: &mut dyn FnMut(Credentials<'_>)) {
    let username = target.username();
    let password = target.password().map(|password| password.to_vec());
    let auth_data = target.auth_data().map(|data| data.to_vec());
    look(Credentials {
        username: username.as_deref(),
        password: password.as_deref(),
        auth_data: auth_data.as_deref(),
    });
}

/// What the WebSocket constructor threw.
fn open_error(thrown: &JsValue, url: &str) -> Error {
    let name = if thrown.is_object() { thrown.unchecked_ref::<HostError>().name() } else { None };
    Error::new(match name.as_deref() {
        Some("SyntaxError") => ErrorCode::InvalidUrl,
        // Mixed content; with wss: it is the Content Security Policy that WebKit and Firefox speak for.
        Some("SecurityError") if url.starts_with("ws:") => ErrorCode::InsecureUrl,
        Some(_) | None => ErrorCode::BlockedByCsp,
    })
}
