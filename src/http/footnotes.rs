//! What is learned about a request on its way in and belongs onto its answer, whichever it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use crate::api_keys::Left;

/// Headers for the answer to a request. The guard puts them there.
#[derive(Clone, Default)]
pub struct Footnotes(Arc<Mutex<Notes>>);

/// Called with the name of the operation.
type Answered = Box<dyn FnOnce(&str) + Send>;

/// How much is left of the window of a policy, asked when the request was dealt with.
type LeftThen = (&'static str, Box<dyn FnOnce() -> Option<Left> + Send>);

#[derive(Default)]
struct Notes {
    headers: Vec<(HeaderName, HeaderValue)>,
    answered: Option<Answered>,
    left_then: Option<LeftThen>,
}

impl Footnotes {
    fn note(&self, name: &'static str, value: &str) {
        // Names and values are made of digits and our own words.
        let Ok(value) = HeaderValue::from_str(value) else { return };
        self.notes().headers.push((HeaderName::from_static(name), value));
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done when the request was answered and it is known which operation it was.
    pub fn when_answered(&self, then: impl FnOnce(&str) + Send + 'static) {
        self.notes().answered = Some(Box::new(then));
    }

    /// How much is left of what will have been spent by the time of the answer.
    pub fn rate_when_answered(
        &self,
        policy: &'static str,
        left: impl FnOnce() -> Option<Left> + Send + 'static,
    ) {
        self.notes().left_then = Some((policy, Box::new(left)));
    }

    /// How much of a policy's window is left (draft-ietf-httpapi-ratelimit-headers-10).
    pub fn rate(&self, policy: &str, left: Left) {
        let Left { rate, requests, resets_in } = left;
        let seconds = resets_in.as_secs() + u64::from(resets_in.subsec_nanos() > 0);
        let window = rate.window.as_secs();
        self.note("ratelimit-policy", &format!("\"{policy}\";q={};w={window}", rate.requests));
        self.note("ratelimit", &format!("\"{policy}\";r={requests};t={seconds}"));
    }

    /// Writes them onto the answer of an operation.
    pub fn settle(&self, headers: &mut HeaderMap, operation: &str) {
        let left_then = self.notes().left_then.take();
        if let Some((policy, left)) = left_then.and_then(|(policy, left)| Some((policy, left()?))) {
            self.rate(policy, left);
        }
        let Notes { headers: noted, answered, .. } = std::mem::take(&mut *self.notes());
        for (name, value) in noted {
            headers.insert(name, value);
        }
        if let Some(answered) = answered {
            answered(operation);
        }
    }
}
