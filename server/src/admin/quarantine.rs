//! Snapshots that were set aside because they do not hold what they should. Nothing reads them; documents are built from their
//! entries instead.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::html;
use serde::Deserialize;
use tidings_core::{
    ids::{DocumentId, TenantId},
    journal::Position,
};

use super::{
    Admin,
    page::{Answer, ROWS_MAX, Tab, id, last, number, page, pager, read, table, text, time},
};
use crate::store::QuarantinePlace;

/// Which snapshots: those behind one.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    tenant: Option<String>,
    document: Option<String>,
    after: Option<String>,
}

/// `GET /admin/quarantine`.
pub(super) async fn list(State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Answer {
    let after = match (&which.tenant, &which.document, &which.after) {
        (Some(tenant), Some(document), Some(after)) => Some(QuarantinePlace {
            tenant: read("tenant", tenant, TenantId::parse)?,
            document: read("document", document, DocumentId::parse)?,
            position: Position::new(read("after", after, str::parse)?),
        }),
        _ => None,
    };
    let snapshots = admin.node.store.overview().quarantine(after.as_ref(), ROWS_MAX).await?;
    let rows: Vec<_> = snapshots
        .iter()
        .map(|row| {
            [
                id(&row.place.tenant),
                id(&row.place.document),
                html! { (row.place.position.number()) },
                html! { (row.bytes) },
                time(row.quarantined_at),
                html! { (row.reason) },
            ]
        })
        .collect();
    let last = last(&snapshots).map(|row| &row.place);
    let last = last.map(|place| (&place.tenant, place.document.to_string(), place.position.number().to_string()));
    let next = last.as_ref().map(|(tenant, document, position)| {
        [("tenant", tenant.as_str()), ("document", document.as_str()), ("after", position.as_str())]
    });
    let columns =
        [text("Tenant"), text("Document"), number("Position"), number("Bytes"), text("Set aside"), text("Reason")];
    let body = html! {
        p.hint { "Snapshots that did not hold what they should. They are kept to be looked at and never read; their documents are "
            "built from the journal instead. A disk may be failing." }
        (table(&columns, &rows, "No snapshot was set aside."))
        (pager("/admin/quarantine", &[], after.is_none(), next.as_ref().map(|next| &next[..])))
    };
    Ok(page(Tab::Quarantine, "Quarantine", body))
}
