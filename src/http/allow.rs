//! Which methods a path has: what a 405 has to say (RFC 9110, 15.5.6).

use poem::Response;
use poem::http::header::{ALLOW, HeaderValue};
use poem::http::{Method, StatusCode};
use serde_json::Value;

/// Where the document's paths begin.
const PREFIX: &str = "/api/v1";

/// What is not in the document can be read and nothing else.
const READ: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// The methods of every path of the document.
#[derive(Default)]
pub struct Allowed(Vec<(String, HeaderValue)>);

impl Allowed {
    /// Reads them from the document.
    pub(super) fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let allowed = paths.filter_map(|(path, item)| {
            let mut methods: Vec<&str> = Vec::new();
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if item.get(method.as_str().to_ascii_lowercase()).is_some() {
                    methods.push(match method {
                        Method::GET => "GET, HEAD",
                        Method::POST => "POST",
                        Method::PUT => "PUT",
                        Method::PATCH => "PATCH",
                        _ => "DELETE",
                    });
                }
            }
            Some((path.clone(), HeaderValue::from_str(&methods.join(", ")).ok()?))
        });
        Self(allowed.collect())
    }

    /// Says on a 405 what is possible at this path.
    pub(super) fn mark(&self, response: &mut Response, path: &str) {
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = path.strip_prefix(PREFIX).and_then(|path| self.at(path));
            response.headers_mut().entry(ALLOW).or_insert(allowed.unwrap_or(READ));
        }
    }

    /// A path without parameters comes before one with them.
    fn at(&self, path: &str) -> Option<HeaderValue> {
        let fitting = self.0.iter().filter(|(template, _)| fits(template, path));
        let best = fitting.min_by_key(|(template, _)| template.matches('{').count());
        best.map(|(_, methods)| methods.clone())
    }
}

/// Whether a path is one of a template.
pub(super) fn fits(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    template.split('/').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| wanted.starts_with('{') && !part.is_empty() || wanted == part)
    }) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_says_its_methods_and_the_plainer_one_comes_first() {
        let document = json!({"paths": {
            "/things": {"post": {}, "get": {}, "parameters": []},
            "/things/{id}": {"delete": {}, "patch": {}},
            "/things/all": {"put": {}},
        }});
        let allowed = Allowed::of(&document);
        for (path, methods) in [
            ("/api/v1/things", "GET, HEAD, POST"),
            ("/api/v1/things/7", "PATCH, DELETE"),
            ("/api/v1/things/all", "PUT"),
            ("/api/v1/things/7/x", "GET, HEAD"),
            ("/healthz", "GET, HEAD"),
        ] {
            let mut response = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED).finish();
            allowed.mark(&mut response, path);
            assert_eq!(response.header("allow"), Some(methods), "{path}");
        }
        let mut response = Response::builder().finish();
        allowed.mark(&mut response, "/healthz");
        assert_eq!(response.header("allow"), None);
    }
}
