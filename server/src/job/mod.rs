//! Background work that no session waits for.

pub(crate) mod account_erasure;
pub(crate) mod count;
pub(crate) mod erasure;
pub(crate) mod keys;
pub(crate) mod mend;
pub(crate) mod rate;
pub(crate) mod request;
pub(crate) mod snapshot;
pub(crate) mod suspension;
pub(crate) mod tend;
