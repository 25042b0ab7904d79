//! A session on the link: from Hello and Welcome to the reason it ends for.

use core::time::Duration;

use crate::{
    code::Code,
    engine::{Cause, Engine, link::connection::LinkState},
    ids::DeviceId,
    wire::{ClientFrame, Closed, Hello, Versions, Welcome},
};

/// How many of its former ids a device keeps: a new one is taken when another device has the same, which is rare.
const FORMER_DEVICES_MAX: usize = 16;

impl Engine {
    pub(in crate::engine) fn link_opened(&mut self) {
        if self.link.state != LinkState::Connecting {
            return;
        }
        self.link.state = LinkState::Greeting;
        let hello = Hello {
            versions: Versions::OWN,
            token: self.link.token.clone().unwrap_or_default(),
            device: self.ctx.session.device,
            cursor: self.link.cursor(),
            incarnation: self.stream_heads.incarnation(),
        };
        self.ctx.send(&ClientFrame::Hello(hello));
        self.link.heard(&mut self.ctx);
        self.link.show(&mut self.ctx);
    }

    pub(super) fn welcomed(&mut self, welcome: Welcome) {
        if !Versions::OWN.contains(welcome.version) {
            return self.link_failed(Some(Code::VersionUnsupported), None);
        }
        if welcome.tenant != self.ctx.session.tenant || welcome.account != self.ctx.session.account {
            // The app's token callback answers for somebody else.
            self.link.token = None;
            let of = format!("the token is of {} in {}", welcome.account, welcome.tenant);
            return self.reject(Cause { code: Code::TokenForeign, detail: of });
        }
        if core::mem::replace(&mut self.ctx.session.administrator, welcome.administrator) != welcome.administrator {
            self.ctx.store_meta();
        }
        self.ctx.limits = welcome.limits;
        self.ctx.set_server_time(welcome.server_time);
        self.link.refused_before = false;
        self.meet_incarnation(welcome.incarnation);
        self.stream_heads.begin_catch_up(self.link.cursor());
        self.link.state = LinkState::CatchingUp;
        // Pending changes are pushed from now on.
        self.streams.change_all();
        self.link.show(&mut self.ctx);
    }

    pub(super) fn session_closed(&mut self, closed: &Closed) {
        let after = closed.retry_after_ms.map(Duration::from_millis);
        let cause = Cause { code: closed.code, detail: closed.detail.clone() };
        match closed.code {
            Code::TokenExpired | Code::TokenInvalid => {
                self.link.token = None;
                self.link.token_refused = Some(cause.clone());
                if self.link.refused_before {
                    return self.reject(cause);
                }
                self.link_ended(Some(cause), Some(Duration::ZERO));
                self.link.refused_before = true;
            }
            Code::AccountSuspended | Code::UpgradeRequired => self.reject(cause),
            // A device has one link at a time: the session that replaced this one is of a copy of this
            // device, and would be replaced in turn.
            Code::ActorConflict | Code::SessionReplaced => self.switch_device(closed.code),
            code => {
                if code == Code::StoreRestored {
                    self.cursor_refused();
                }
                self.link_ended(Some(cause), after);
            }
        }
    }

    /// The device id is in use by another device, or a copy of this one: reconnect with a new id, at once
    /// the first time. Pending changes are pushed as they are: the server knows which of them were
    /// admitted, and refuses the rest, which is then written anew.
    pub(in crate::engine) fn switch_device(&mut self, code: Code) {
        self.link.device_switches += 1;
        let after = (self.link.device_switches == 1).then_some(Duration::ZERO);
        let device = DeviceId::from_bytes(self.ctx.random.bytes());
        let former = core::mem::replace(&mut self.ctx.session.device, device);
        self.ctx.former_devices.push(former);
        let excess = self.ctx.former_devices.len().saturating_sub(FORMER_DEVICES_MAX);
        self.ctx.former_devices.drain(..excess);
        self.ctx.store_meta();
        self.link_failed(Some(code), after);
    }
}
