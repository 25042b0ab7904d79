//! The commands `export` and `import`.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};
use tidings_core::ids::TenantId;
use tokio::sync::mpsc;

use super::{
    archive::{End, Line},
    error::TransferError,
    export::Export,
    import::{Import, Take, Unread},
    lines,
    report::Report,
    senders::Senders,
    slack,
    source::Source,
    telegram,
    whatsapp::{self, DateOrder},
    writer::Writer,
    zulip,
};
use crate::{config::LimitConfig, error::ServeError, operate::TenantAddress, store::Store};

/// Items that a source may be ahead of what is written.
const AHEAD_MAX: usize = 4_096;

/// Options of an export.
#[derive(Debug, Clone, Args)]
pub struct ExportRequest {
    /// The file to write. It must not exist, unless the export goes on.
    #[arg(long)]
    pub output: PathBuf,
    /// Go on with a file that an export began to write and did not end.
    #[arg(long)]
    pub resume: bool,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
}

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An archive that `export` wrote.
    Tidings,
    /// A workspace export of Slack: the zip file, or its folder.
    Slack,
    /// An organization export of Zulip: the tar.gz file, or its folder.
    Zulip,
    /// A chat that WhatsApp exported: the text, or the zip file with it.
    Whatsapp,
    /// The `result.json` of Telegram Desktop, or its folder.
    Telegram,
}

/// Options of an import.
#[derive(Debug, Clone, Args)]
pub struct ImportRequest {
    /// The file or folder to import.
    pub path: PathBuf,
    /// What it is.
    #[arg(long, value_enum)]
    pub from: Kind,
    /// Say what would be imported, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// A file that says whose account each sender is: a JSON object, or lines with an id or name of the source, a
    /// comma and the account. Senders who are not in it get accounts that are made up.
    #[arg(long)]
    pub senders: Option<PathBuf>,
    /// The title of a chat of WhatsApp, from which its id is made; the name of the file if left out.
    #[arg(long)]
    pub title: Option<String>,
    /// The time zone of a chat of WhatsApp, such as `Europe/Berlin`.
    #[arg(long, default_value = "UTC")]
    pub time_zone: String,
    /// The order of dates in a chat of WhatsApp; found out if left out.
    #[arg(long, value_enum)]
    pub date_order: Option<DateOrder>,
    /// Where.
    #[command(flatten)]
    pub place: TenantAddress,
    /// The limits to judge by; use the server's.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// Writes a tenant into a file, and prints what it has.
///
/// # Errors
/// When the store cannot be read or the file not written.
pub async fn export(request: ExportRequest) -> Result<(), ServeError> {
    let store = request.place.address.open(2).await?;
    let exported = export_into(&*store, &request).await;
    store.close().await;
    let End { accounts, conversations, threads, messages } = exported?;
    println!("{accounts} accounts, {conversations} conversations, {threads} threads, {messages} messages");
    Ok(())
}

async fn export_into(store: &dyn Store, request: &ExportRequest) -> Result<End, TransferError> {
    let path = &request.output;
    let written = if request.resume { written(path, &request.place.tenant)? } else { None };
    let mut options = OpenOptions::new();
    match request.resume {
        true => options.write(true).create(true).truncate(false),
        false => options.write(true).create_new(true),
    };
    let mut file = options.open(path).map_err(TransferError::file(path))?;
    let (length, written) = written.map_or((0, None), |(length, line, count)| (length, Some((line, count))));
    // What was cut in the middle of a line is written again.
    file.set_len(length).map_err(TransferError::file(path))?;
    file.seek(SeekFrom::End(0)).map_err(TransferError::file(path))?;
    let mut output = BufWriter::new(file);
    let count = Export::new(store, request.place.tenant.clone(), &mut output, written).run().await?;
    output.flush().map_err(TransferError::file(path))?;
    output.get_ref().sync_all().map_err(TransferError::file(path))?;
    Ok(count)
}

/// What of an archive is written already: its bytes up to the last whole line, that line, and the counts.
fn written(path: &Path, tenant: &TenantId) -> Result<Option<(u64, Line, End)>, TransferError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(TransferError::file(path))?,
    };
    let (mut length, mut count, mut last) = (0, End::default(), None);
    lines::each_line(&path.display().to_string(), &mut file, |number, text| {
        let line: Line = serde_json::from_str(text)
            .map_err(|error| TransferError::Resume(format!("line {number} is none of an archive: {error}")))?;
        match &line {
            Line::Archive(opening) if opening.tenant != *tenant => {
                return Err(TransferError::Resume(format!("it is of the tenant {}", opening.tenant)));
            }
            Line::Archive(_) => {}
            _ if number == 1 => return Err(TransferError::Resume("it does not begin as an archive".to_owned())),
            _ => count.count(&line),
        }
        length += text.len() as u64 + 1;
        last = Some(line);
        Ok(())
    })?;
    Ok(last.map(|last| (length, last, count)))
}

/// Imports, and prints the report.
///
/// # Errors
/// When the source is not what it is said to be or brings nothing, or the store cannot be read or written.
pub async fn import(request: ImportRequest) -> Result<(), ServeError> {
    let report = match request.dry_run {
        true => import_into(None, request).await?,
        false => {
            let store = request.place.address.open(4).await?;
            let report = import_into(Some(Arc::clone(&store)), request).await;
            store.close().await;
            report?
        }
    };
    println!("{report}");
    Ok(())
}

/// Imports into a store; without one, only counts.
///
/// # Errors
/// As `import`.
pub async fn import_into(store: Option<Arc<dyn Store>>, request: ImportRequest) -> Result<Report, TransferError> {
    let limits = request.limits.limits();
    let writer = store.map(|store| {
        Writer::new(request.place.address.store.clone(), store, request.place.tenant.clone(), request.limits.clone())
    });
    let unread = if request.from == Kind::Tidings { Unread::Kept } else { Unread::Read };
    let mut import = Import::new(writer, limits, unread);
    let (sender, mut items) = mpsc::channel(AHEAD_MAX);
    // Sources are read and unpacked on a thread of their own.
    let reading = tokio::task::spawn_blocking(move || {
        read(&request, &mut |item| {
            sender.blocking_send(item).map_err(|_| TransferError::Option("the import has ended".to_owned()))
        })
    });
    while let Some(item) = items.recv().await {
        import.take(item).await?;
    }
    let read = reading.await.unwrap_or_else(|error| Err(TransferError::format("the source", error)));
    let report = import.finish().await;
    // What was read up to an error stays; the error is told all the same.
    read.and(report)
}

fn read(request: &ImportRequest, take: &mut Take<'_>) -> Result<(), TransferError> {
    let (source, _unpacked) = Source::open(&request.path)?;
    let senders = |source| Senders::read(source, request.senders.as_deref());
    let tenant = &request.place.tenant;
    match request.from {
        Kind::Tidings => lines::read(&source, take),
        Kind::Slack => slack::read(&source, tenant, senders("slack")?, take),
        Kind::Zulip => zulip::read(&source, tenant, senders("zulip")?, take),
        Kind::Telegram => telegram::read(&source, tenant, senders("telegram")?, take),
        Kind::Whatsapp => {
            let (title, time_zone) = (request.title.clone(), request.time_zone.clone());
            let options = whatsapp::Options { title, time_zone, date_order: request.date_order };
            whatsapp::read(&source, tenant, &options, senders("whatsapp")?, take)
        }
    }
}
