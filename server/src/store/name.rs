//! The change of a conversation's public name.

/// A conversation's public name becomes another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameChange {
    /// The one it had.
    pub from: Option<String>,
    /// The one it has from now on.
    pub to: Option<String>,
}

impl NameChange {
    /// From one name to another; none if it is the same.
    pub fn between(from: Option<&str>, to: Option<&str>) -> Option<Self> {
        (from != to).then(|| Self { from: from.map(str::to_owned), to: to.map(str::to_owned) })
    }
}
