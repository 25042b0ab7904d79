//! What a resource conversation is about, as TypeScript sees it.

use serde::Serialize;
use tidings_core::model;
use tsify::Tsify;

/// A thing of the operator's, of which a client talks with its owner.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRow {
    /// Its id at the operator's.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// Who asks about it.
    pub client: String,
    /// What the client was called when it began.
    pub client_name: Option<String>,
    /// Whose it is.
    pub owner: String,
    /// What the owner was called when it began.
    pub owner_name: Option<String>,
}

impl From<model::Resource> for ResourceRow {
    fn from(resource: model::Resource) -> Self {
        let model::Resource { id, title, client, client_name, owner, owner_name } = resource;
        Self { id, title, client: client.to_string(), client_name, owner: owner.to_string(), owner_name }
    }
}
