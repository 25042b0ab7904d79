//! Scopes: what the token of a service may be used for.

use std::collections::BTreeSet;

use serde_json::Value;

/// One thing that the token of a service allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Requests over HTTP that only read.
    Read,
    /// All other requests over HTTP.
    Write,
    /// Requests on behalf of another account.
    Act,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Act];

    /// Its name in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "rest:read",
            Self::Write => "rest:write",
            Self::Act => "act",
        }
    }

    /// The scopes in a claim: a list, or a text with spaces between (RFC 8693, 4.2). None if it has none of
    /// them: names of other applications in a shared claim do not make the token a service's.
    pub(super) fn read(claim: &Value) -> Option<BTreeSet<Self>> {
        let names: Vec<&str> = match claim {
            Value::String(text) => text.split(' ').collect(),
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let scopes: BTreeSet<Self> = Self::ALL.into_iter().filter(|scope| names.contains(&scope.as_str())).collect();
        Some(scopes).filter(|scopes| !scopes.is_empty())
    }
}
