//! The operator's token settings: accepted issuers and audiences, keys, and the claims that name accounts
//! and tenants.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use serde_json::{Map, Value};

use super::fetch::KeySetUrl;
use crate::config::{Secret, parse_duration};

/// The keys that tokens are verified with, and the issuers that are accepted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tokens")]
pub struct KeyConfig {
    /// Secret for HS256 tokens, of at least 32 bytes. An empty value counts as not given.
    #[arg(long, env = "TIDINGS_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<Secret>,
    /// File with the JSON Web Key Set for HS256, RS256, ES256 and EdDSA tokens.
    #[arg(long, env = "TIDINGS_JWKS")]
    pub jwks: Option<PathBuf>,
    /// URL of such a key set: https, or http on this machine. Read at startup, then at an interval, at SIGHUP,
    /// and when a token names an unknown key.
    #[arg(long, env = "TIDINGS_JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<KeySetUrl>,
    /// Interval at which the key set is read again.
    #[arg(long, env = "TIDINGS_JWKS_INTERVAL", default_value = "10m", value_parser = parse_duration)]
    pub jwks_interval: Duration,
    /// Accept tokens from every issuer whose keys are in the key set, unless issuers are named.
    #[arg(long, env = "TIDINGS_JWT_ANY_ISSUER", value_parser = BoolishValueParser::new())]
    pub jwt_any_issuer: bool,
    /// Accept tokens issued for other applications too, unless an audience is named.
    #[arg(long, env = "TIDINGS_JWT_ANY_AUDIENCE", value_parser = BoolishValueParser::new())]
    pub jwt_any_audience: bool,
    /// Claim settings.
    #[command(flatten)]
    pub claims: ClaimConfig,
    /// Accept tokens signed with a publicly known secret, and issue them to anybody. On loopback only.
    #[arg(long, env = "TIDINGS_DEV", value_parser = BoolishValueParser::new())]
    pub dev: bool,
}

impl KeyConfig {
    /// The secret, if there is one. A variable set to the empty string counts as unset.
    pub(super) fn secret(&self) -> Option<&str> {
        self.jwt_secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty())
    }

    /// Returns true if there is a key set, which may also sign for other applications.
    pub(super) fn has_key_set(&self) -> bool {
        self.jwks.is_some() || self.jwks_url.is_some()
    }
}

/// How the claims of a token are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tokens")]
pub struct ClaimConfig {
    /// Accepted issuer (`iss`); several with commas. Required with a key set.
    #[arg(long, env = "TIDINGS_JWT_ISSUER", value_delimiter = ',')]
    pub jwt_issuer: Vec<String>,
    /// Accepted audience (`aud`), the name of this application; several with commas. Required with a key set.
    #[arg(long, env = "TIDINGS_JWT_AUDIENCE", value_delimiter = ',')]
    pub jwt_audience: Vec<String>,
    /// Claim that names the account, by default `sub`. A name, or a JSON pointer such as `/user_metadata/id`.
    #[arg(long, env = "TIDINGS_JWT_ACCOUNT_CLAIM", value_name = "CLAIM")]
    pub jwt_account_claim: Option<ClaimPath>,
    /// Claim that names the tenant. If given, every token must have it. By default `tenant`, and tokens without
    /// it belong to `default`.
    #[arg(long, env = "TIDINGS_JWT_TENANT_CLAIM", value_name = "CLAIM")]
    pub jwt_tenant_claim: Option<ClaimPath>,
    /// Claim that makes an account a tenant administrator. By default `labels` in tokens signed with the
    /// secret, and none with a key set, where somebody else might set it.
    #[arg(long, env = "TIDINGS_JWT_ADMIN_CLAIM", value_name = "CLAIM")]
    pub jwt_admin_claim: Option<ClaimPath>,
    /// Value of that claim, or one of its values, that makes an administrator; several with commas.
    #[arg(long, env = "TIDINGS_JWT_ADMIN_VALUE", value_delimiter = ',', default_value = "admin,root")]
    pub jwt_admin_value: Vec<String>,
    /// Claim with the scopes of a service's token: `rest:read`, `rest:write`, `act`. By default `labels` in
    /// tokens signed with the secret, and none with a key set.
    #[arg(long, env = "TIDINGS_JWT_SCOPE_CLAIM", value_name = "CLAIM")]
    pub jwt_scope_claim: Option<ClaimPath>,
}

impl Default for ClaimConfig {
    fn default() -> Self {
        Self {
            jwt_issuer: Vec::new(),
            jwt_audience: Vec::new(),
            jwt_account_claim: None,
            jwt_tenant_claim: None,
            jwt_admin_claim: None,
            jwt_admin_value: vec!["admin".to_owned(), "root".to_owned()],
            jwt_scope_claim: None,
        }
    }
}

/// Path to a claim in a token: its name, or a JSON pointer (RFC 6901), which begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(String);

/// A text that is not a claim path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a claim, or a JSON pointer such as /app_metadata/tenant")]
pub struct ParseClaimPathError;

impl FromStr for ClaimPath {
    type Err = ParseClaimPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text == "/" { Err(ParseClaimPathError) } else { Ok(Self(text.to_owned())) }
    }
}

impl ClaimPath {
    /// The path of a claim whose name is a constant of this crate.
    pub(super) fn of(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The value at this path.
    pub(super) fn find<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) }
    }

    /// Writes a value at this path, replacing whatever is in the way.
    pub(super) fn put(&self, claims: &mut Map<String, Value>, value: Value) {
        let Some(pointer) = self.0.strip_prefix('/') else {
            claims.insert(self.0.clone(), value);
            return;
        };
        let mut steps: Vec<String> =
            pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let last = steps.pop().unwrap_or_default();
        let mut object = claims;
        for step in steps {
            let next = object.entry(step).or_insert(Value::Null);
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            object = next.as_object_mut().expect("it was made an object");
        }
        object.insert(last, value);
    }
}
