//! What an operator says of tokens: whose are taken, with which keys they are
//! checked, and which of their claims name whom.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use serde_json::{Map, Value};

use super::fetch::KeySetUrl;
use crate::config::{Secret, parse_duration};

/// The keys that tokens are checked against, and whose tokens are taken.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tokens")]
pub struct KeyConfig {
    /// Secret of HS256 tokens, of at least 32 bytes; an empty one counts as not given.
    #[arg(long, env = "TIDINGS_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<Secret>,
    /// File with the JSON Web Key Set of HS256, RS256, ES256 and EdDSA tokens.
    #[arg(long, env = "TIDINGS_JWKS")]
    pub jwks: Option<PathBuf>,
    /// Address of such a key set: https, or http on this machine. Read at start, again at an interval, at SIGHUP, and when a
    /// token names a key that is not known.
    #[arg(long, env = "TIDINGS_JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<KeySetUrl>,
    /// How often the key set is read again.
    #[arg(long, env = "TIDINGS_JWKS_INTERVAL", default_value = "10m", value_parser = parse_duration)]
    pub jwks_interval: Duration,
    /// Take the tokens of every issuer whose keys are in the key set, unless some are named.
    #[arg(long, env = "TIDINGS_JWT_ANY_ISSUER", value_parser = BoolishValueParser::new())]
    pub jwt_any_issuer: bool,
    /// Take tokens that were issued for other applications too, unless an audience is named.
    #[arg(long, env = "TIDINGS_JWT_ANY_AUDIENCE", value_parser = BoolishValueParser::new())]
    pub jwt_any_audience: bool,
    /// What the claims of a token mean.
    #[command(flatten)]
    pub claims: ClaimConfig,
    /// Take tokens that are signed with a publicly known secret, and issue them to anybody: on loopback only.
    #[arg(long, env = "TIDINGS_DEV", value_parser = BoolishValueParser::new())]
    pub dev: bool,
}

impl KeyConfig {
    /// The secret, if there is one: a variable that is set to nothing says nothing.
    pub(super) fn secret(&self) -> Option<&str> {
        self.jwt_secret.as_ref().map(Secret::expose).filter(|secret| !secret.is_empty())
    }

    /// Whether there is a key set, which may sign for others than this server.
    pub(super) fn has_key_set(&self) -> bool {
        self.jwks.is_some() || self.jwks_url.is_some()
    }
}

/// What the claims of a token mean.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tokens")]
pub struct ClaimConfig {
    /// Issuer (`iss`) whose tokens are taken; several with commas. Needed with a key set.
    #[arg(long, env = "TIDINGS_JWT_ISSUER", value_delimiter = ',')]
    pub jwt_issuer: Vec<String>,
    /// Audience (`aud`) that a token must be for: this application; several with commas. Needed with a key set.
    #[arg(long, env = "TIDINGS_JWT_AUDIENCE", value_delimiter = ',')]
    pub jwt_audience: Vec<String>,
    /// Claim that names the account: `sub` unless given. A name, or a JSON pointer such as `/user_metadata/id`.
    #[arg(long, env = "TIDINGS_JWT_ACCOUNT_CLAIM", value_name = "CLAIM")]
    pub jwt_account_claim: Option<ClaimPath>,
    /// Claim that names the tenant. One that is given must be in every token; else it is `tenant`, or `default` without it.
    #[arg(long, env = "TIDINGS_JWT_TENANT_CLAIM", value_name = "CLAIM")]
    pub jwt_tenant_claim: Option<ClaimPath>,
    /// Claim that makes a tenant administrator. Unless given it is `labels` in tokens of the secret, and none in those of
    /// a key set, where somebody else may set it.
    #[arg(long, env = "TIDINGS_JWT_ADMIN_CLAIM", value_name = "CLAIM")]
    pub jwt_admin_claim: Option<ClaimPath>,
    /// What that claim says, or holds among others, of an administrator; several with commas.
    #[arg(long, env = "TIDINGS_JWT_ADMIN_VALUE", value_delimiter = ',', default_value = "admin,root")]
    pub jwt_admin_value: Vec<String>,
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
        }
    }
}

/// Where a claim is found in a token: by its name, or by a JSON pointer
/// (RFC 6901), which begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(String);

/// Why a text names no claim.
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
    /// The claim with a name that this crate knows.
    pub(super) fn of(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// What the claims say there.
    pub(super) fn find<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) }
    }

    /// Has the claims say something there. Whatever stands in the way is replaced.
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
