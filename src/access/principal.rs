//! Everyone whom a request can come from.

use std::sync::Arc;

use crate::api_keys::{Holder, Scopes};
use crate::kernel::{
    AccountId, ApiKeyId, BreakGlassId, CloneId, SessionId, ShareLinkId, Timestamp,
};
use crate::sessions::{SignInBy, SignedIn};

/// The account behind a request, checked for this request.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Whose account it is. A visitor of a share link has none; then this only tells one
    /// visitor's conversations from another's.
    pub account: AccountId,
    /// Whether the account administers the instance. That alone opens nobody's content.
    pub is_admin: bool,
    /// How it was proven, which limits what it may do.
    pub proof: Proof,
    /// The account's language (BCP 47).
    pub locale: String,
}

/// What a request brought to prove who it is from.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A person who signed in.
    Session {
        /// The sign-in.
        id: SessionId,
        /// How it is proven.
        by: SignInBy,
        /// When the person last proved who they are.
        proven_at: Timestamp,
        /// The security epoch in which the sign-in was proven.
        epoch: u64,
    },
    /// A program with an API key of the account.
    Key {
        /// The key.
        id: ApiKeyId,
        /// What it is for.
        scopes: Scopes,
        /// The only clones it opens; all of the account's if nothing is said.
        clones: Option<Arc<[CloneId]>>,
    },
    /// Somebody with a link to talk with one clone.
    Share {
        /// The link.
        link: ShareLinkId,
        /// The only clone it opens.
        clone: CloneId,
        /// Whose visit it is.
        visit: Visit,
    },
    /// An admin who broke the glass before this account: they see with its eyes what is in its
    /// personal space, and do nothing.
    Glass {
        /// Under which the account is told of it.
        id: BreakGlassId,
        /// The admin's own sign-in.
        session: SessionId,
    },
}

/// Who of all who hold a share link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Somebody who made up a secret of their own beside the link's.
    Own,
    /// Anybody: what is theirs is everybody's who has the link and knows where it is.
    Common,
}

impl Principal {
    /// The sign-in, if a person who signed in asks.
    pub fn session(&self) -> Option<SessionId> {
        match self.proof {
            Proof::Session { id, .. } => Some(id),
            Proof::Key { .. } | Proof::Share { .. } | Proof::Glass { .. } => None,
        }
    }

    /// The share link, if somebody with one asks.
    pub fn share_link(&self) -> Option<ShareLinkId> {
        match self.proof {
            Proof::Share { link, .. } => Some(link),
            Proof::Session { .. } | Proof::Key { .. } | Proof::Glass { .. } => None,
        }
    }

    /// Whose running answers these are counted with: all visitors of a link are one.
    pub fn counted_as(&self) -> AccountId {
        match self.share_link() {
            Some(link) => AccountId::from_bytes(link.bytes()),
            None => self.account,
        }
    }

    /// Whether what it brought opens a clone at all; what it is to the clone decides further.
    pub fn reaches(&self, clone: CloneId) -> bool {
        match &self.proof {
            // What an admin sees behind glass depends on where the clone lives.
            Proof::Session { .. } | Proof::Glass { .. } => true,
            Proof::Key { clones, .. } => {
                clones.as_ref().is_none_or(|clones| clones.contains(&clone))
            }
            Proof::Share { clone: only, .. } => *only == clone,
        }
    }

    /// Whether it is an admin with another's eyes.
    pub fn is_behind_glass(&self) -> bool {
        matches!(self.proof, Proof::Glass { .. })
    }

    /// Whether it opens some clones only, and nothing that belongs to no clone.
    pub fn is_narrow(&self) -> bool {
        matches!(
            self.proof,
            Proof::Key { clones: Some(_), .. } | Proof::Share { .. } | Proof::Glass { .. }
        )
    }
}

impl From<SignedIn> for Principal {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { account, is_admin, session, by, proven_at, epoch, locale } = signed_in;
        let proof = Proof::Session { id: session, by, proven_at, epoch };
        Self { account, is_admin, proof, locale }
    }
}

impl From<Holder> for Principal {
    fn from(holder: Holder) -> Self {
        let Holder { account, key, scopes, clones, locale } = holder;
        // What administers the instance is a person, never a program.
        Self { account, is_admin: false, proof: Proof::Key { id: key, scopes, clones }, locale }
    }
}
