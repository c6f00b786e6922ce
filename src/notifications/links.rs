//! Where links lead that leave the server, in mails and by hand: to the configured address, never
//! to one that a request brought.

use url::Url;

pub(super) const ACCOUNT_PAGE: &str = "/account";
pub(super) const NOTICES_PAGE: &str = "/notifications";
pub(super) const LEGACY_PAGE: &str = "/legacy";
// A token is appended to these.
pub(super) const HERE_PAGE: &str = "/here?token=";
pub(super) const RESET_PAGE: &str = "/reset?token=";
pub(super) const VERIFICATION_PAGE: &str = "/verify?token=";
pub(super) const INVITATION_PAGE: &str = "/invitation?token=";
const SUBJECT_PAGE: &str = "/agree?token=";
const SHARE_PAGE: &str = "/share#";

/// Links below the address that people use, if one is configured.
#[derive(Clone, Debug, Default)]
pub struct Links(Option<String>);

impl Links {
    /// Links below an address and the path at which the app is.
    pub fn new(public_url: Option<&Url>, base_path: &str) -> Self {
        Self(public_url.map(|url| format!("{}{base_path}", url.as_str().trim_end_matches('/'))))
    }

    /// Whether there is an address to link to.
    pub fn are_known(&self) -> bool {
        self.0.is_some()
    }

    /// The front page.
    pub fn to_front(&self) -> Option<String> {
        self.to("/")
    }

    /// What is given away with the token of an invitation into a space.
    pub fn to_invitation(&self, token: &str) -> Option<String> {
        self.to(&format!("{INVITATION_PAGE}{token}"))
    }

    /// What is given away with the token of a share link. What follows the `#` stays in the
    /// browser and is in no request.
    pub fn to_share(&self, token: &str) -> Option<String> {
        self.to(&format!("{SHARE_PAGE}{token}"))
    }

    /// What is given to a living person to say whether they agree to their clone.
    pub fn to_subject_consent(&self, token: &str) -> Option<String> {
        self.to(&format!("{SUBJECT_PAGE}{token}"))
    }

    pub(super) fn to(&self, path: &str) -> Option<String> {
        self.0.as_ref().map(|base| format!("{base}{path}"))
    }
}
