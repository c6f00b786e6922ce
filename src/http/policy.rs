//! Content security policies of pages, with the hashes of the scripts they carry.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What the pages of the web app may do. `{scripts}` stands for the hashes.
const APP: &str = "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; \
    img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
    manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; \
    trusted-types svelte-trusted-html sveltekit-trusted-url 'allow-duplicates'";

/// What the documentation page may do. Swagger UI brings its icons as data, and builds its
/// page without trusted types.
pub(super) const DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// The policy of a page of the web app.
pub(super) fn app(html: &str) -> String {
    let mut hashes = String::new();
    for script in inline_scripts(html) {
        let _ = write!(hashes, " 'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
    }
    APP.replace("{scripts}", &hashes)
}

/// The text of every script that is in the page itself. Our own build writes the page, so
/// there is no need for a parser that survives hostile markup.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once("<script")?;
            let (attributes, after) = after.split_once('>')?;
            let (script, after) = after.split_once("</script>")?;
            rest = after;
            if !attributes.split_ascii_whitespace().any(|word| word.starts_with("src=")) {
                return Some(script);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_allowed_by_hash_and_others_by_origin() {
        let page = "<script src=\"/a.js\"></script><script>alert(1)</script>\
                    <script type=\"module\" data-x>b</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["alert(1)", "b"]);
        let policy = app(page);
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
        assert!(policy.contains(&format!("script-src 'self' {hash} 'sha256-")), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("  "));
    }
}
