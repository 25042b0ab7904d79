//! Protocol versions, and their negotiation between a client and a server.

use minicbor::{Decode, Encode};

use crate::code::Code;

/// The range of versions that one side speaks.
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
    /// The range of this crate.
    pub const OWN: Versions = Versions { oldest: 1, newest: 1 };

    /// Returns true if a version is in the range.
    pub fn contains(self, version: u16) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }

    /// The newest version that a server with this range shares with a client.
    ///
    /// # Errors
    /// `upgrade_required` if the client is too old, `version_unsupported` if the server is.
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
