//! The versions of the protocol, and which one a client and a server speak with each other.

use minicbor::{Decode, Encode};

use crate::code::Code;

/// The versions that one side speaks, all from the oldest to the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Versions {
    /// The oldest.
    #[n(0)]
    pub oldest: u16,
    /// The newest.
    #[n(1)]
    pub newest: u16,
}

impl Versions {
    /// Those that this crate speaks.
    pub const OWN: Versions = Versions { oldest: 1, newest: 1 };

    /// Whether a version is one of them.
    pub fn contains(self, version: u16) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }

    /// The newest that a server of these versions speaks with a client.
    ///
    /// # Errors
    /// `upgrade_required` for a client that is too old, `version_unsupported` where the server is.
    pub fn shared_with(self, client: Versions) -> Result<u16, Code> {
        let newest = self.newest.min(client.newest);
        if newest >= self.oldest.max(client.oldest) {
            return Ok(newest);
        }
        Err(if client.newest < self.oldest { Code::UpgradeRequired } else { Code::VersionUnsupported })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w63_the_newest_version_that_both_speak_is_spoken() {
        let speaks = |oldest, newest| Versions { oldest, newest };
        let server = speaks(3, 5);
        for (client, expected) in [
            (speaks(3, 5), Ok(5)),
            (speaks(1, 4), Ok(4)),
            (speaks(1, 3), Ok(3)),
            (speaks(5, 9), Ok(5)),
            (speaks(1, 9), Ok(5)),
            (speaks(1, 2), Err(Code::UpgradeRequired)),
            (speaks(6, 9), Err(Code::VersionUnsupported)),
            (speaks(5, 3), Err(Code::VersionUnsupported)),
        ] {
            assert_eq!(server.shared_with(client), expected, "{client:?}");
        }
    }
}
