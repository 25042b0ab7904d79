//! The command line and the environment: one field a setting, each a flag and
//! a `TIDINGS_…` variable. Secrets do not show in Debug or in `--help`.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use axum::http::HeaderValue;
use clap::{Args, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use tidings_core::{
    ids::{AccountId, TenantId},
    limits::{LimitError, Limits},
};

use crate::{
    auth::{ClaimConfig, KeyConfig},
    bounds::Bounds,
    connection::ConnectionBounds,
    shares::ShareConfig,
    webhook::WebhookConfig,
};
pub use crate::{
    health::HealthRequest,
    operate::{
        BackupRequest, EraseRequest, MendRequest, MigrateRequest, RestoredRequest, SuspendRequest, VerifyRequest,
        send::SendRequest, squash::SquashRequest,
    },
    transfer::cli::{ExportRequest, ImportRequest},
    webhook::cli::WebhookRequest,
};

/// The Tidings sync server.
#[derive(Debug, Parser)]
#[command(name = "tidings-server", version, about)]
pub struct Cli {
    /// The subcommand to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The program's subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve sessions until SIGTERM or SIGINT.
    Serve(Box<Config>),
    /// Ask a server whether it runs, or can serve: for who watches it where there is no other client of HTTP.
    Health(HealthRequest),
    /// Issue a token for development, signed with the configured or the development secret.
    Token(TokenRequest),
    /// Suspend an account, or lift its suspension. A suspended account can neither read nor write, and its
    /// sessions end.
    Suspend(SuspendRequest),
    /// Have the servers of a store erase an account, for good, or tell how far they are.
    Erase(EraseRequest),
    /// Recompute every decision of a journal, its snapshots and the rows derived from it, and report
    /// what differs.
    Verify(VerifyRequest),
    /// Rebuild rows derived from a journal where they differ from it. Servers may keep running.
    Mend(MendRequest),
    /// Create the tables of a store, or upgrade them to this version.
    Migrate(MigrateRequest),
    /// Tell clients that the store was restored from a backup. Run this before serving it.
    Restored(RestoredRequest),
    /// Copy a SQLite store to a new file. Servers may keep running.
    Backup(BackupRequest),
    /// Send a text message on behalf of a member of a conversation. Servers may keep running.
    Send(SendRequest),
    /// Rewrite a conversation's document as one change that states only its current content. Servers may
    /// keep running.
    Squash(SquashRequest),
    /// Write a tenant's conversations into a file of JSON lines. Servers may keep running.
    Export(ExportRequest),
    /// Look at webhooks and what could not be delivered to them, and have it delivered again. Servers may keep running.
    Webhook(WebhookRequest),
    /// Print what the HTTP interface is, as OpenAPI 3.1, for programs that generate clients.
    Openapi,
    /// Bring conversations in, from such a file or from the export of another system. Servers may keep running.
    Import(Box<ImportRequest>),
}

/// A text that does not show in Debug: a secret, or an address that may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Options of a development token.
#[derive(Debug, Clone, Args)]
pub struct TokenRequest {
    /// The account it belongs to.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// The tenant.
    #[arg(long, default_value = "default", value_parser = TenantId::parse)]
    pub tenant: TenantId,
    /// Time for which the token is valid.
    #[arg(long, default_value = "1h", value_parser = parse_duration)]
    pub ttl: Duration,
    /// A label. `admin` and `root` make the account a tenant administrator, unless `--jwt-admin-value` names
    /// other labels.
    #[arg(long = "label")]
    pub labels: Vec<String>,
    /// Secret for HS256 tokens. The development secret if not given.
    #[arg(long, env = "TIDINGS_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<Secret>,
    /// Claim settings; use the server's.
    #[command(flatten)]
    pub claims: ClaimConfig,
}

/// Everything an operator can set.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on. Port 0 picks a free port.
    #[arg(long, help_heading = "HTTP", env = "TIDINGS_LISTEN", default_value = "127.0.0.1:4870")]
    pub listen: String,
    /// Origins whose pages may read what requests are answered, such as `https://app.example.org`; with commas between, or
    /// given several times.
    #[arg(long, help_heading = "HTTP", env = "TIDINGS_CORS_ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<HeaderValue>,
    /// Address and port of `/metrics`, for Prometheus; told nowhere if not given. Not for the public.
    #[arg(long, help_heading = "HTTP", env = "TIDINGS_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// Secret of the operator's page, at least 32 bytes: `/admin` beside the metrics is served to whoever gives it as the
    /// password of HTTP Basic, and to nobody if it is not set.
    #[arg(long, help_heading = "HTTP", env = "TIDINGS_ADMIN_SECRET", hide_env_values = true)]
    pub admin_secret: Option<Secret>,
    /// `sqlite:FILE` or `postgres://…`.
    #[arg(
        long,
        help_heading = "Store",
        env = "TIDINGS_STORE",
        default_value = "sqlite:tidings.db",
        hide_env_values = true
    )]
    pub store: Secret,
    /// Do not create or upgrade tables, and refuse to start until `migrate` has been run. Serving then needs
    /// access to rows only.
    #[arg(long, help_heading = "Store", env = "TIDINGS_NO_MIGRATE", value_parser = BoolishValueParser::new())]
    pub no_migrate: bool,
    /// Maximum number of connections to the store.
    #[arg(long, help_heading = "Store", env = "TIDINGS_STORE_CONNECTIONS_MAX", default_value_t = 10)]
    pub store_connections_max: u32,
    /// Time to wait at startup for a database that is down.
    #[arg(long, help_heading = "Store", env = "TIDINGS_STORE_WAIT", default_value = "10s", value_parser = parse_duration)]
    pub store_wait: Duration,
    /// The keys that tokens are verified with.
    #[command(flatten)]
    pub keys: KeyConfig,
    /// Folder of the web demo, served at `/`.
    #[arg(long, help_heading = "HTTP", env = "TIDINGS_DEMO")]
    pub demo: Option<PathBuf>,
    /// Format of log lines.
    #[arg(long, help_heading = "Log", env = "TIDINGS_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Log filter, for example `info,tidings_server=debug`.
    #[arg(long, help_heading = "Log", env = "TIDINGS_LOG", default_value = "info")]
    pub log: String,
    /// The limits sent to clients.
    #[command(flatten)]
    pub limits: LimitConfig,
    /// The limits of this node.
    #[command(flatten)]
    pub node: NodeConfig,
    /// How much of this node a single account may use.
    #[command(flatten)]
    pub shares: ShareConfig,
    /// Webhooks.
    #[command(flatten)]
    pub webhooks: WebhookConfig,
}

impl Config {
    /// A configuration with the given store and limits; everything else comes from the environment.
    pub fn of(store: Secret, limits: LimitConfig) -> Self {
        #[derive(Parser)]
        struct Settings {
            #[command(flatten)]
            config: Config,
        }
        Self { store, limits, ..Settings::parse_from(["tidings-server"]).config }
    }

    /// Checks the limits sent to clients, and the node limits that depend on them.
    ///
    /// # Errors
    /// The first limit that would make conversations or sessions impossible.
    pub fn check_limits(&self) -> Result<(), LimitError> {
        let limits = self.limits.limits();
        limits.check()?;
        let waiting = self.node.session_bytes_max as u64;
        let frame = u64::from(limits.frame_bytes_max);
        LimitError::check("session_bytes_max", waiting, frame..=u64::MAX, "a frame may wait for a session")?;
        let least_one = "without one nobody is served";
        for (name, value) in [
            ("session_frames_max", self.node.session_frames_max),
            ("sessions_max", self.node.sessions_max),
            ("connections_max", self.node.connections_max),
            ("streams_max", self.node.streams_max),
            ("commit_streams_max", self.node.commit_streams_max),
        ] {
            LimitError::check(name, value as u64, 1..=u64::MAX, least_one)?;
        }
        Ok(())
    }
}

/// The limits sent to clients in Welcome that an operator can set.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits sent to clients")]
pub struct LimitConfig {
    /// Largest frame, in bytes.
    #[arg(long, env = "TIDINGS_FRAME_BYTES_MAX", default_value_t = Limits::default().frame_bytes_max)]
    pub frame_bytes_max: u32,
    /// Number of changes after which a page closes to new messages.
    #[arg(long, env = "TIDINGS_PAGE_CHANGES_SOFT", default_value_t = Limits::default().page_changes_soft)]
    pub page_changes_soft: u32,
    /// Number of changes after which a page refuses every change.
    #[arg(long, env = "TIDINGS_PAGE_CHANGES_MAX", default_value_t = Limits::default().page_changes_max)]
    pub page_changes_max: u32,
    /// Bytes of changes after which a page closes to new messages.
    #[arg(long, env = "TIDINGS_PAGE_BYTES_SOFT", default_value_t = Limits::default().page_bytes_soft)]
    pub page_bytes_soft: u32,
    /// Maximum bytes of changes in a page.
    #[arg(long, env = "TIDINGS_PAGE_BYTES_MAX", default_value_t = Limits::default().page_bytes_max)]
    pub page_bytes_max: u32,
    /// Number of changes after which a document that is not a page accepts only moderation.
    #[arg(long, env = "TIDINGS_DOCUMENT_CHANGES_SOFT", default_value_t = Limits::default().document_changes_soft)]
    pub document_changes_soft: u32,
    /// Number of changes after which a document that is not a page refuses every change.
    #[arg(long, env = "TIDINGS_DOCUMENT_CHANGES_MAX", default_value_t = Limits::default().document_changes_max)]
    pub document_changes_max: u32,
    /// Bytes of changes after which a document that is not a page accepts only moderation.
    #[arg(long, env = "TIDINGS_DOCUMENT_BYTES_SOFT", default_value_t = Limits::default().document_bytes_soft)]
    pub document_bytes_soft: u32,
    /// Maximum bytes of changes in a document that is not a page.
    #[arg(long, env = "TIDINGS_DOCUMENT_BYTES_MAX", default_value_t = Limits::default().document_bytes_max)]
    pub document_bytes_max: u32,
    /// Units of 512 bytes that an account may write to a document that is not a page in one burst. One unit is
    /// regained per minute.
    #[arg(long, env = "TIDINGS_SHARE_UNITS", default_value_t = Limits::default().share_units)]
    pub share_units: u32,
    /// Bytes of changes that a session may push per second after its burst.
    #[arg(long, env = "TIDINGS_CHANGE_BYTES_PER_SECOND", default_value_t = Limits::default().change_bytes_per_second)]
    pub change_bytes_per_second: u32,
    /// Bytes of changes that a session may push in one burst.
    #[arg(long, env = "TIDINGS_CHANGE_BYTES_BURST", default_value_t = Limits::default().change_bytes_burst)]
    pub change_bytes_burst: u32,
    /// Maximum number of members of a conversation.
    #[arg(long, env = "TIDINGS_MEMBERS_MAX", default_value_t = Limits::default().members_max)]
    pub members_max: u32,
    /// Changes that a session may push per second after its burst.
    #[arg(long, env = "TIDINGS_CHANGES_PER_SECOND", default_value_t = Limits::default().changes_per_second)]
    pub changes_per_second: u32,
    /// Changes that a session may push in one burst.
    #[arg(long, env = "TIDINGS_CHANGES_BURST", default_value_t = Limits::default().changes_burst)]
    pub changes_burst: u32,
    /// Maximum number of entries sent per stream at catch-up.
    #[arg(long, env = "TIDINGS_CATCH_UP_ENTRIES_MAX", default_value_t = Limits::default().catch_up_entries_max)]
    pub catch_up_entries_max: u32,
    /// Milliseconds of silence, of either side, after which a client sends a ping. A session of which nothing is heard
    /// for three times as long ends.
    #[arg(long, env = "TIDINGS_HEARTBEAT_MS", default_value_t = Limits::default().heartbeat_ms)]
    pub heartbeat_ms: u64,
    /// The limits that an operator cannot set.
    #[arg(skip)]
    pub others: Limits,
}

impl LimitConfig {
    /// Every limit sent to clients.
    pub fn limits(&self) -> Limits {
        Limits {
            frame_bytes_max: self.frame_bytes_max,
            page_changes_soft: self.page_changes_soft,
            page_changes_max: self.page_changes_max,
            page_bytes_soft: self.page_bytes_soft,
            page_bytes_max: self.page_bytes_max,
            document_changes_soft: self.document_changes_soft,
            document_changes_max: self.document_changes_max,
            document_bytes_soft: self.document_bytes_soft,
            document_bytes_max: self.document_bytes_max,
            share_units: self.share_units,
            change_bytes_per_second: self.change_bytes_per_second,
            change_bytes_burst: self.change_bytes_burst,
            members_max: self.members_max,
            changes_per_second: self.changes_per_second,
            changes_burst: self.changes_burst,
            catch_up_entries_max: self.catch_up_entries_max,
            heartbeat_ms: self.heartbeat_ms,
            ..self.others.clone()
        }
    }
}

/// The limits of this node, which clients need not know.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "This node")]
pub struct NodeConfig {
    /// Maximum number of sessions. Beyond it the node answers 503.
    #[arg(long, env = "TIDINGS_SESSIONS_MAX", default_value_t = 50_000)]
    pub sessions_max: usize,
    /// Maximum number of connections that are not sessions, or not yet. Beyond it the oldest is closed. Each
    /// costs about 20 KiB, and a well-behaved client is done within a second.
    #[arg(long, env = "TIDINGS_CONNECTIONS_MAX", default_value_t = 4_096)]
    pub connections_max: usize,
    /// Time allowed for a request's headers, and between two requests on a connection.
    #[arg(long, env = "TIDINGS_HEAD_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    pub head_timeout: Duration,
    /// Time allowed for the first frame of a session.
    #[arg(long, env = "TIDINGS_HELLO_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    pub hello_timeout: Duration,
    /// Maximum number of frames queued for a session before it is closed as a slow reader.
    #[arg(long, env = "TIDINGS_SESSION_FRAMES_MAX", default_value_t = 1_024)]
    pub session_frames_max: usize,
    /// Maximum number of bytes queued for a session before it is closed as a slow reader.
    #[arg(long, env = "TIDINGS_SESSION_BYTES_MAX", default_value_t = 8 * 1024 * 1024)]
    pub session_bytes_max: usize,
    /// Time that a single write to a session may take before it is closed as a slow reader.
    #[arg(long, env = "TIDINGS_WRITE_TIMEOUT", default_value = "30s", value_parser = parse_duration)]
    pub write_timeout: Duration,
    /// Interval at which a session that was sent something gets a newer cursor.
    #[arg(long, env = "TIDINGS_CURSOR_INTERVAL", default_value = "30s", value_parser = parse_duration)]
    pub cursor_interval: Duration,
    /// Maximum number of streams that admit pushes at the same time. Beyond it pushes are deferred.
    #[arg(long, env = "TIDINGS_STREAMS_MAX", default_value_t = 20_000)]
    pub streams_max: usize,
    /// Time without a push after which a stream's documents are unloaded.
    #[arg(long, env = "TIDINGS_STREAM_IDLE", default_value = "60s", value_parser = parse_duration)]
    pub stream_idle: Duration,
    /// Bytes of documents kept in memory across all streams.
    #[arg(long, env = "TIDINGS_CACHE_BYTES_MAX", default_value_t = 256 * 1024 * 1024)]
    pub cache_bytes_max: usize,
    /// Number of streams whose writes are committed in one transaction.
    #[arg(long, env = "TIDINGS_COMMIT_STREAMS_MAX", default_value_t = 64)]
    pub commit_streams_max: usize,
    /// Number of entries since a document's snapshot after which a new one is made.
    #[arg(long, env = "TIDINGS_SNAPSHOT_ENTRIES", default_value_t = 64)]
    pub snapshot_entries: u32,
    /// Interval between searches for documents with an outdated snapshot.
    #[arg(long, env = "TIDINGS_SNAPSHOT_INTERVAL", default_value = "5s", value_parser = parse_duration)]
    pub snapshot_interval: Duration,
    /// Fill level, in percent of what everybody may fill, at which the document of a conversation or thread is
    /// rewritten as its current content. 0 means never.
    #[arg(long, env = "TIDINGS_SQUASH_PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub squash_percent: u32,
    /// Time after which a deleted conversation is erased with its messages, documents and entries.
    #[arg(long, env = "TIDINGS_ERASE_AFTER", default_value = "30d", value_parser = parse_duration)]
    pub erase_after: Duration,
    /// Interval between searches for conversations to erase.
    #[arg(long, env = "TIDINGS_ERASE_INTERVAL", default_value = "1m", value_parser = parse_duration)]
    pub erase_interval: Duration,
    /// Fraction of pushes that are traced through the logs, from 0 to 1.
    #[arg(long, env = "TIDINGS_TRACE_SHARE", default_value = "0", value_parser = parse_share)]
    pub trace_share: f64,
    /// Time allowed at shutdown to finish commits and notify sessions.
    #[arg(long, env = "TIDINGS_DRAIN_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    pub drain_timeout: Duration,
    /// Internal bounds that an operator cannot set.
    #[arg(skip)]
    pub bounds: Bounds,
}

impl NodeConfig {
    /// The bounds for connections that are not sessions.
    pub(crate) fn connection_bounds(&self) -> ConnectionBounds {
        ConnectionBounds { connections_max: self.connections_max, head_timeout: self.head_timeout }
    }
}

/// A text that is not a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 0 to 1")]
pub struct ParseShareError;

/// Parses a fraction from 0 to 1.
fn parse_share(text: &str) -> Result<f64, ParseShareError> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or(ParseShareError)
}

/// A text that is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number with a unit: 250ms, 30s, 5m, 1h or 7d")]
pub struct ParseDurationError;

/// Parses `250ms`, `30s`, `5m`, `1h` or `7d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).ok_or(ParseDurationError)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| ParseDurationError)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(ParseDurationError),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or(ParseDurationError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn serve(arguments: &[&str]) -> Config {
        let command_line = ["tidings-server", "serve"].iter().chain(arguments);
        match Cli::try_parse_from(command_line).unwrap().command {
            Command::Serve(config) => *config,
            other => panic!("parsed as another command: {other:?}"),
        }
    }

    #[test]
    fn help_is_grouped_by_headings() {
        let mut command = <Cli as clap::CommandFactory>::command();
        let serve = command.find_subcommand_mut("serve").unwrap();
        let headings: std::collections::BTreeSet<&str> = serve
            .get_arguments()
            .filter(|argument| argument.get_id() != "help")
            .map(|argument| argument.get_help_heading().unwrap_or_else(|| panic!("{argument} is under a heading")))
            .collect();
        let expected = [
            "HTTP",
            "Limits sent to clients",
            "Log",
            "Shares of an account",
            "Store",
            "This node",
            "Tokens",
            "Webhooks",
        ];
        assert_eq!(headings.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let config = serve(&["--jwt-secret", "hunter2", "--store", "postgres://ann:hunter3@db/tidings"]);
        let text = format!("{config:?}");
        assert!(!text.contains("hunter"), "{text}");
        assert_eq!(config.keys.jwt_secret.unwrap().expose(), "hunter2");
    }

    #[test]
    fn flags_change_the_limits_told_to_clients() {
        let limits = serve(&["--page-changes-soft", "7", "--heartbeat-ms", "900"]).limits.limits();
        assert_eq!((limits.page_changes_soft, limits.heartbeat_ms), (7, 900));
        assert_eq!(serve(&[]).limits.limits(), Limits::default());
    }

    #[test]
    fn i29_the_bounds_of_a_node_follow_from_those_told_to_clients() {
        assert_eq!(serve(&[]).check_limits(), Ok(()));
        for flags in [
            ["--session-bytes-max", "4000000"],
            ["--session-frames-max", "0"],
            ["--sessions-max", "0"],
            ["--connections-max", "0"],
            ["--streams-max", "0"],
            ["--commit-streams-max", "0"],
            ["--members-max", "0"],
        ] {
            let error = serve(&flags).check_limits().unwrap_err();
            assert_eq!(format!("--{}", error.name.replace('_', "-")), flags[0]);
        }
    }

    #[test]
    fn a_share_is_from_nought_to_one() {
        assert_eq!((parse_share("0.25"), parse_share("1")), (Ok(0.25), Ok(1.0)));
        for text in ["", "1.1", "-0.1", "NaN", "inf", "10%"] {
            assert_eq!(parse_share(text), Err(ParseShareError), "{text:?}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7_200)));
        for text in ["", "5", "s", "5 s", "5w", "-1s", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), Err(ParseDurationError), "{text:?}");
        }
    }
}
