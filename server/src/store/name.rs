//! The change of a conversation's public name.

/// A change of a conversation's public name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameChange {
    /// The previous name.
    pub from: Option<String>,
    /// The new name.
    pub to: Option<String>,
}

impl NameChange {
    /// The change from one name to another; none if they are equal.
    pub fn between(from: Option<&str>, to: Option<&str>) -> Option<Self> {
        (from != to).then(|| Self { from: from.map(str::to_owned), to: to.map(str::to_owned) })
    }
}
