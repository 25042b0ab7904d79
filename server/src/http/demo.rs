//! The folder of the web demo, served at `/`: its plain files, and nothing
//! that a link or a leading dot would open beside them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

use crate::node::Node;

/// Everything that nothing else answers.
pub fn router(folder: &Path) -> Router<Arc<Node>> {
    let plain = middleware::from_fn_with_state(folder.to_owned(), plain_files);
    Router::new().fallback_service(ServeDir::new(folder)).layer(plain)
}

async fn plain_files(State(folder): State<PathBuf>, request: Request, next: Next) -> Response {
    if is_plain(&folder, request.uri().path()) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// Whether no step of a path begins with a dot or is a link.
fn is_plain(folder: &Path, path: &str) -> bool {
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return false };
    let mut reached = folder.to_owned();
    path.split('/').filter(|step| !step.is_empty()).all(|step| {
        reached.push(step);
        // What is not there is answered behind this.
        let is_link = fs::symlink_metadata(&reached).is_ok_and(|found| found.is_symlink());
        !step.starts_with('.') && !is_link
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn neither_dotfiles_nor_links_are_served() {
        let folder = std::env::temp_dir().join(format!("tidings_demo_{:016x}", rand::random::<u64>()));
        fs::create_dir_all(folder.join("assets")).unwrap();
        fs::create_dir_all(folder.join(".git")).unwrap();
        for file in ["index.html", ".env", ".git/config", "assets/a.js", "assets/.b"] {
            fs::write(folder.join(file), "x").unwrap();
        }
        symlink("/etc/passwd", folder.join("passwd")).unwrap();
        symlink("/etc", folder.join("assets/etc")).unwrap();
        for path in ["/", "/index.html", "/assets/a.js", "//assets//a.js", "/nothing"] {
            assert!(is_plain(&folder, path), "{path}");
        }
        for path in [
            "/.env",
            "/%2eenv",
            "/.git/config",
            "/assets/.b",
            "/assets/../.env",
            "/assets%2f.b",
            "/passwd",
            "/assets/etc/passwd",
            "/%70asswd",
            "/%ff",
        ] {
            assert!(!is_plain(&folder, path), "{path}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
