//! Share links: how somebody without an account talks with one clone.
//!
//! A link opens its one clone, as a visitor, and only while whoever made it may still share that
//! clone. Everybody who holds a link spends from the same budget. Who adds a secret of their own
//! to the link's is a visitor of their own, whom nobody else can pass for. What visitors leave is
//! tied to the link and goes with it.

mod error;
mod model;
mod personal;
mod rows;
mod visits;

use std::time::Duration;

use crate::access::{Action, Principal, Visit};
use crate::accounts::{AccountError, SecurityEvent, Watchers};
use crate::api_keys::Left;
use crate::clones::{self, Persona};
use crate::jobs::{Eraser, Once, Subject};
use crate::kernel::{AccountId, Clock, CloneId, Credential, ShareLinkId, Timestamp, TokenHash};
use crate::notifications::{Notice, Notifications};
use crate::seal::Owner;
use crate::spaces;
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

use self::rows::{LinkRow, Place};
use self::visits::{came_by, good};

pub use error::ShareLinkError;
pub use model::{Guest, MadeShareLink, NewShareLink, ShareLink, ShareState, Welcome};
pub use rows::TABLES;
pub use visits::{answerable_in, meet_in, require_in, spend_in};

/// What a link's token looks like.
const LINK: Credential = Credential::of("cms_");
/// How long a visitor's own secret is.
const OWN_SECRET: std::ops::RangeInclusive<usize> = 32..=64;
/// How long a link that has ended stays in the list.
const SHOWN_AFTER_END: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Erases what a visitor has left, in the transaction in which their link ends.
pub type ForgetVisitor = fn(&mut WriteTx<'_>, AccountId) -> Result<(), StoreError>;

/// What share links stand on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub notifications: Notifications,
    pub watchers: Watchers,
    /// Links that one clone can have.
    pub most: usize,
    /// Links are hashed with this, so that a stolen database alone recognises none.
    pub pepper: [u8; 32],
    /// What lies above and holds what visitors leave.
    pub forget: ForgetVisitor,
}

/// The share links of this instance.
#[derive(Clone)]
pub struct ShareLinks {
    store: Store,
    clock: Clock,
    notifications: Notifications,
    watchers: Watchers,
    most: usize,
    pepper: [u8; 32],
    forget: ForgetVisitor,
}

impl ShareLinks {
    /// The share links in a store.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, notifications, watchers, most, pepper, forget } = parts;
        Self { store, clock, notifications, watchers, most, pepper, forget }
    }

    fn hash(&self, token: &str) -> TokenHash {
        TokenHash(blake3::keyed_hash(&self.pepper, token.as_bytes()).into())
    }

    /// Makes a link to a clone. Its maker is told, and the owner of the clone's space.
    ///
    /// # Errors
    /// When the asker may not share the clone, or it has too many links.
    pub async fn create(
        &self,
        who: &Principal,
        clone: CloneId,
        new: NewShareLink,
        once: Option<Once>,
    ) -> Result<MadeShareLink, ShareLinkError> {
        let fresh = LINK.fresh().map_err(AccountError::Random)?;
        let hash = self.hash(fresh.whole.reveal());
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (persona, _) = clones::open(tx, &who, clone, Action::Share)?;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    let place = (clone, ShareLinkId::from_bytes(made));
                    let row = rows::link(tx, place)?.ok_or(ShareLinkError::Missing)?;
                    let link = view(tx, place, row, now)?;
                    return Ok(MadeShareLink { link, token: None });
                }
                persona.require_openable()?;
                if new.expires_at <= now {
                    return Err(ShareLinkError::Past);
                }
                this.make_room_in(tx, clone, now)?;
                let place = (clone, ShareLinkId::fresh());
                let row = LinkRow::new(new, (fresh.name, hash), who.account, now);
                rows::put_in(tx, place, &row)?;
                Once::record_in(once.as_ref(), tx, &place.1.bytes())?;
                let event = SecurityEvent::ShareLinkCreated { clone, link: place.1 };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                this.tell_in(tx, who.account, &persona, now)?;
                let link = view(tx, place, row, now)?;
                Ok(MadeShareLink { link, token: Some(fresh.whole) })
            })
            .await
    }

    fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        maker: AccountId,
        persona: &Persona,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let clone = persona.profile.name.to_string();
        let notice = Notice::ShareLinkCreated { clone: clone.clone() };
        self.notifications.tell_in(tx, maker, &notice, now)?;
        match spaces::owner_in(tx, persona.space)? {
            Some(owner) if owner != maker => {
                self.notifications.tell_in(tx, owner, &Notice::CloneShared { clone }, now)
            }
            _ => Ok(()),
        }
    }

    /// The links to a clone, newest first.
    ///
    /// # Errors
    /// When the asker may not share the clone.
    pub fn list(&self, who: &Principal, clone: CloneId) -> Result<Vec<ShareLink>, ShareLinkError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            clones::open(tx, who, clone, Action::Share)?;
            let links = rows::of_clone(tx, clone)?.into_iter();
            links.map(|(id, row)| view(tx, (clone, id), row, now)).collect()
        })
    }

    /// Makes room for another link: the oldest that has ended goes, with what was said by it.
    fn make_room_in(
        &self,
        tx: &mut WriteTx<'_>,
        clone: CloneId,
        now: Timestamp,
    ) -> Result<(), ShareLinkError> {
        let links = rows::of_clone(tx, clone)?;
        if links.len() < self.most {
            return Ok(());
        }
        let oldest = links.iter().rev().find(|(_, row)| row.expires_at <= now);
        let (oldest, _) = oldest.ok_or(ShareLinkError::TooMany(self.most))?;
        Ok(end_in(tx, (clone, *oldest), self.forget)?)
    }

    /// Revokes a link to a clone, and erases what its visitors left.
    ///
    /// # Errors
    /// When there is none, or the asker may not share the clone.
    pub async fn revoke(
        &self,
        who: &Principal,
        clone: CloneId,
        id: ShareLinkId,
    ) -> Result<(), ShareLinkError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                clones::open(tx, &who, clone, Action::Share)?;
                rows::link(tx, (clone, id))?.ok_or(ShareLinkError::Missing)?;
                let event = SecurityEvent::ShareLinkRevoked { clone, link: id };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                Ok(end_in(tx, (clone, id), this.forget)?)
            })
            .await
    }

    /// Who came by this token, which a dot and a secret of the visitor's own may follow.
    ///
    /// # Errors
    /// [`ShareLinkError::NotGood`] when it opens nothing, [`ShareLinkError::Expired`] when it
    /// did once.
    pub fn resolve(&self, text: &str) -> Result<Guest, ShareLinkError> {
        let (token, own) = match text.split_once('.') {
            Some((token, own)) => (token, Some(own)),
            None => (text, None),
        };
        // Without a look at the database: the checksum of what is mistyped is wrong.
        let name = LINK.name_of(token).ok_or(ShareLinkError::NotGood)?;
        if own.is_some_and(|own| !is_secret(own)) {
            return Err(ShareLinkError::NotGood);
        }
        let (now, hash) = (self.clock.now(), self.hash(token));
        self.store.read(|tx| {
            let (clone, link, row) = rows::by_name(tx, name)?.ok_or(ShareLinkError::NotGood)?;
            if !row.hash.same_as(&hash) {
                return Err(ShareLinkError::NotGood);
            }
            let (_, locale) = good(tx, clone, &row, now)?;
            let visit = if own.is_some() { Visit::Own } else { Visit::Common };
            let visitor = self.visitor(link, own.unwrap_or_default());
            Ok(Guest { link, clone, visitor, visit, locale })
        })
    }

    /// What tells a visitor apart. Marked as made from a hash (version 8), it is no account's.
    fn visitor(&self, link: ShareLinkId, own: &str) -> AccountId {
        let mut hasher = blake3::Hasher::new_keyed(&self.pepper);
        hasher.update(b"visitor").update(&link.bytes()).update(own.as_bytes());
        let mut bytes = [0_u8; 16];
        hasher.finalize_xof().fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        AccountId::from_bytes(bytes)
    }

    /// Fails if somebody came by a link that opens nothing any more, for what goes on longer
    /// than a look.
    ///
    /// # Errors
    /// When it does not, or the store fails.
    pub fn require(&self, who: &Principal) -> Result<(), ShareLinkError> {
        let now = self.clock.now();
        self.store.read(|tx| came_by(tx, who, now).map(|_| ()))
    }

    /// What is left of the link's hour.
    pub fn window(&self, guest: &Guest) -> Option<Left> {
        let row = self.store.read(|tx| rows::link(tx, (guest.clone, guest.link))).ok()??;
        Some(row.window(self.clock.now()))
    }

    /// What somebody who came by a link may know of it.
    ///
    /// # Errors
    /// When they did not, or it opens nothing any more.
    pub fn welcome(&self, who: &Principal) -> Result<Welcome, ShareLinkError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            let (_, row, persona) = came_by(tx, who, now)?.ok_or(ShareLinkError::NotGood)?;
            let profile = persona.profile;
            Ok(Welcome {
                clone: persona.id,
                name: profile.name,
                description: profile.description,
                greeting: profile.greeting,
                language: profile.language,
                subject: profile.subject,
                expires_at: row.expires_at,
                messages_left: row.left(),
            })
        })
    }

    /// Erases what the visitors of links that have ended left, a link a transaction; called now
    /// and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let (now, forget) = (self.clock.now(), self.forget);
        for (place, expired_at) in self.store.read(|tx| rows::expired(tx, now))? {
            if now.since(expired_at) >= SHOWN_AFTER_END {
                self.store.write(move |tx| end_in(tx, place, forget)).await?;
            } else if !self.store.read(|tx| rows::visitors(tx, place.1))?.is_empty() {
                self.store.write(move |tx| empty_in(tx, place.1, forget)).await?;
            }
        }
        Ok(())
    }
}

fn view(
    tx: &impl Rows,
    place: Place,
    row: LinkRow,
    now: Timestamp,
) -> Result<ShareLink, ShareLinkError> {
    let state = match good(tx, place.0, &row, now) {
        Ok(_) if row.left() == 0 => ShareState::Spent,
        Ok(_) => ShareState::Open,
        Err(ShareLinkError::Expired) => ShareState::Expired,
        Err(ShareLinkError::Paused | ShareLinkError::Clone(_)) => ShareState::Paused,
        Err(error) => return Err(error),
    };
    let visitors = rows::visitors(tx, place.1)?.len();
    Ok(row.view(place, visitors, state))
}

/// Whether a text can be a visitor's own secret: base64url, long enough that nobody guesses it.
fn is_secret(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    OWN_SECRET.contains(&text.len()) && text.bytes().all(good)
}

fn end_in(tx: &mut WriteTx<'_>, place: Place, forget: ForgetVisitor) -> Result<(), StoreError> {
    empty_in(tx, place.1, forget)?;
    rows::remove_in(tx, place)
}

/// Erases what the visitors of a link left.
fn empty_in(
    tx: &mut WriteTx<'_>,
    link: ShareLinkId,
    forget: ForgetVisitor,
) -> Result<(), StoreError> {
    for visitor in rows::visitors(tx, link)? {
        forget(tx, visitor)?;
        tx.shred(Owner::Account(visitor))?;
    }
    rows::forget_visitors_in(tx, link)
}

/// Removes the links to a clone or of an account, with what their visitors left.
pub struct ShareLinkEraser(pub ForgetVisitor);

impl Eraser for ShareLinkEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        let places = match subject {
            Subject::Account(account) => rows::of_account(tx, account)?,
            Subject::Clone(clone) => {
                rows::of_clone(tx, clone)?.into_iter().map(|(id, _)| (clone, id)).collect()
            }
            _ => return Ok(()),
        };
        places.into_iter().try_for_each(|place| end_in(tx, place, self.0))?;
        match subject {
            // Also where a link itself cannot be read any more.
            Subject::Account(account) => rows::forget_places_in(tx, account),
            _ => Ok(()),
        }
    }
}
