//! Consequences of what a submission states: written after it, as the system's account.

use tidings_core::{
    authority::{AdmitError, Consequence, Session},
    wire::PushedChange,
};

use super::{error::DecideError, judge::Judge};

impl Judge<'_> {
    /// Writes everything that follows from what was admitted so far. The submitter gets it like any entry of
    /// somebody else.
    pub(super) async fn write_consequences(&mut self) -> Result<(), DecideError> {
        let due = self.stream.consequences();
        if due.is_empty() {
            return Ok(());
        }
        // They are written on top of their causes.
        self.stream.flush()?;
        let system = Session::system(self.stream.tenant().clone(), self.stream.id());
        for Consequence { document, facts } in due {
            self.source.load_missing(self.stream, &document, &[], self.base).await?;
            let at = self.env.clock.wall_now();
            let Some(change) = self.stream.compose(system.device, &document, at, &facts) else { continue };
            let pushed = PushedChange { document, change: change.bytes().to_vec() };
            match self.admit(&system, &pushed).await? {
                Ok(admitted) => self.take(admitted),
                Err(AdmitError::Refused(refusal)) => {
                    let (code, detail) = (refusal.code, refusal.detail);
                    tracing::error!(stream = %self.stream.id(), %code, detail, "a consequence was refused");
                }
                // Its sequence number is the next one of its device, so it cannot have been admitted before.
                Err(AdmitError::AlreadyAdmitted(_)) => return Err(DecideError::Journal),
            }
        }
        self.stream.flush()?;
        Ok(())
    }
}
