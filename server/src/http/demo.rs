//! The folder of the web demo, served at `/`: its plain files, and nothing
//! that a link or a leading dot would open beside them. Where a file lies there
//! compressed too (`.br`, `.gz`), a client that takes it gets that.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

use crate::node::Node;

/// The build names each file in this folder by a hash of its content, so a name never gets another content.
const HASHED: &str = "/assets/";
/// Ask each time: the answer is 304 where nothing has changed.
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");
/// Never ask again.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Everything that nothing else answers.
pub fn router(folder: &Path) -> Router<Arc<Node>> {
    let plain = middleware::from_fn_with_state(folder.to_owned(), plain_files);
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(plain)
}

async fn plain_files(State(folder): State<PathBuf>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_plain(&folder, path) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let caching = if path.starts_with(HASHED) { IMMUTABLE } else { REVALIDATED };
    let mut response = next.run(request).await;
    // A file that is missing now may be there after the next deployment.
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
    }
    response
}

/// Whether no step of a path begins with a dot or is a link, and neither is what would be sent for it.
fn is_plain(folder: &Path, path: &str) -> bool {
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return false };
    let mut reached = folder.to_owned();
    let is_plain = path.split('/').filter(|step| !step.is_empty()).all(|step| {
        reached.push(step);
        !step.starts_with('.') && !is_link(&reached)
    });
    if !is_plain {
        return false;
    }
    if path.ends_with('/') {
        reached.push("index.html");
    }
    ["", ".br", ".gz"].iter().all(|ending| {
        let mut sent = reached.clone().into_os_string();
        sent.push(ending);
        !is_link(Path::new(&sent))
    })
}

/// What is not there is no link: that is answered elsewhere.
fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
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
        symlink("/etc/passwd", folder.join("assets/a.js.gz")).unwrap();
        symlink("/etc/passwd", folder.join("assets/index.html")).unwrap();
        for path in [
            "/.env",
            "/%2eenv",
            "/.git/config",
            "/assets/.b",
            "/assets/../.env",
            "/assets%2f.b",
            "/passwd",
            "/assets/etc/passwd",
            "/assets/a.js",
            "/assets/",
            "/%70asswd",
            "/%ff",
        ] {
            assert!(!is_plain(&folder, path), "{path}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
