//! Inviting somebody into a space with a link: good once, for a while, and only as long as who
//! made it may still invite.

use std::sync::Arc;
use std::time::Duration;

use crate::accounts::{Account, AccountError, Email, OnCreated, SecurityEvent, account_in};
use crate::jobs::Once;
use crate::kernel::{AccountId, InvitationId, SpaceId, Timestamp, Token, TokenHash};
use crate::store::{Rows, StoreError, WriteTx};

use super::invitation_rows::{self as stored, InvitationRow};
use super::members::may_give;
use super::{Invitation, MadeInvitation, Offer, Role, SpaceError, Spaces, rows, shared_in};

/// Members and open invitations of a space at most.
pub(super) const MOST: usize = 1_000;

/// An invitation to be made.
pub struct NewInvitation {
    /// What who accepts it becomes.
    pub role: Role,
    /// The only address that can accept it.
    pub email: Option<Email>,
    /// For how long it is good.
    pub lasts: Duration,
    /// Mails it to that address, in the transaction that makes it.
    pub post: Option<PostInvitation>,
}

/// What is to be mailed: to which address, which invitation, until when. The invitation is named by
/// the hash of the token that its maker sees; the mail gets another when it is sent.
pub type PostInvitation = Arc<
    dyn Fn(&mut WriteTx<'_>, &Email, &TokenHash, Timestamp) -> Result<(), StoreError> + Send + Sync,
>;

impl Spaces {
    /// Makes an invitation.
    ///
    /// # Errors
    /// When the account may not invite into the space or not to this role.
    pub async fn invite(
        &self,
        account: AccountId,
        id: SpaceId,
        new: NewInvitation,
        once: Option<Once>,
    ) -> Result<MadeInvitation, SpaceError> {
        let token = Token::fresh().map_err(AccountError::Random)?;
        let (this, now) = (self.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let space = shared_in(tx, account, id, Role::Steward)?;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    let made = InvitationId::from_bytes(made);
                    let open = stored::open(tx, id, now)?.into_iter();
                    let invitation = open.into_iter().find(|i| i.id == made);
                    let invitation = invitation.ok_or(SpaceError::Missing)?;
                    return Ok(MadeInvitation { invitation, token: None });
                }
                // An owner is made by handing over, not by a link that may wander.
                if !may_give(space.role, new.role) || new.role == Role::Owner {
                    return Err(SpaceError::Forbidden);
                }
                if space.members + stored::open(tx, id, now)?.len() >= MOST {
                    return Err(SpaceError::Full);
                }
                let expires_at = now.plus(new.lasts);
                if let (Some(email), Some(post)) = (&new.email, &new.post) {
                    post(tx, email, &token.hash(), expires_at)?;
                }
                let row = InvitationRow {
                    token: token.hash(),
                    role: new.role,
                    email: new.email.map(|email| email.as_str().to_owned()),
                    by: account,
                    created_at: now,
                    expires_at,
                    mailed: None,
                };
                let invitation = InvitationId::fresh();
                stored::put_in(tx, id, invitation, &row)?;
                Once::record_in(once.as_ref(), tx, &invitation.bytes())?;
                let role = row.role.name();
                this.tell_in(tx, account, &SecurityEvent::Invited { space: id, invitation, role })?;
                let invitation = stored::view(invitation, row);
                Ok(MadeInvitation { invitation, token: Some(token) })
            })
            .await
    }

    /// The invitations into a space that can still be accepted, for those who may invite.
    ///
    /// # Errors
    /// When the account may not see them, or the store fails.
    pub fn invitations(
        &self,
        account: AccountId,
        id: SpaceId,
    ) -> Result<Vec<Invitation>, SpaceError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            shared_in(tx, account, id, Role::Steward)?;
            let mut open = Vec::new();
            for invitation in stored::open(tx, id, now)? {
                if may_make(tx, invitation.by, id, invitation.role)? {
                    open.push(invitation);
                }
            }
            Ok(open)
        })
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// When there is none, or the account may not.
    pub async fn withdraw(
        &self,
        account: AccountId,
        id: SpaceId,
        invitation: InvitationId,
    ) -> Result<(), SpaceError> {
        let this = self.clone();
        self.store
            .write(move |tx| {
                shared_in(tx, account, id, Role::Steward)?;
                if !stored::remove_in(tx, id, invitation)? {
                    return Err(SpaceError::Missing);
                }
                let event = SecurityEvent::InvitationWithdrawn { space: id, invitation };
                Ok(this.tell_in(tx, account, &event)?)
            })
            .await
    }

    /// What an invitation offers, for whoever holds it.
    ///
    /// # Errors
    /// When it is not good.
    pub fn offer(&self, token: &TokenHash) -> Result<Offer, SpaceError> {
        let now = self.clock.now();
        self.store.read(|tx| good(tx, token, now).map(|(_, offer)| offer))
    }

    /// Whether an account has an invitation that it can still accept.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_open_to(&self, account: &Account, token: &TokenHash) -> Result<bool, SpaceError> {
        let now = self.clock.now();
        match self.store.read(|tx| fitting(tx, account, token, now)) {
            Ok(_) => Ok(true),
            Err(SpaceError::Store(error)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    /// Joins a space by an invitation.
    ///
    /// # Errors
    /// When it is not good, or for another address, or the account is in the space already.
    pub async fn accept(&self, account: &Account, token: &str) -> Result<SpaceId, SpaceError> {
        let (this, token, account) = (self.clone(), TokenHash::of(token), account.clone());
        self.store.write(move |tx| this.accept_in(tx, &account, &token)).await
    }

    /// The same for an account that is being made, in the transaction that makes it.
    pub fn accept_when_made(&self, token: TokenHash) -> OnCreated {
        let this = self.clone();
        Arc::new(move |tx, account| match this.accept_in(tx, account, &token) {
            Ok(_) => Ok(()),
            Err(SpaceError::Store(error)) => Err(AccountError::Store(error)),
            Err(_) => Err(AccountError::WrongInvite),
        })
    }

    fn accept_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: &Account,
        token: &TokenHash,
    ) -> Result<SpaceId, SpaceError> {
        let now = self.clock.now();
        let (invitation, offer) = fitting(tx, account, token, now)?;
        stored::remove_in(tx, offer.space, invitation)?;
        rows::put_member_in(tx, offer.space, account.id, (offer.role, None), now)?;
        let (space, role) = (offer.space, offer.role.name());
        self.tell_in(tx, account.id, &SecurityEvent::JoinedSpace { space, role })?;
        Ok(space)
    }
}

/// What an invitation offers, if it is still good.
///
/// # Errors
/// When the store fails.
pub fn offer_in(
    tx: &impl Rows,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Offer>, StoreError> {
    match good(tx, token, now) {
        Ok((_, offer)) => Ok(Some(offer)),
        Err(SpaceError::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// What an invitation offers, if it is still good. From then on it can be accepted by this token
/// too, which is about to be mailed; one that was to be mailed before stops working.
///
/// # Errors
/// When the store fails.
pub fn mail_in(
    tx: &mut WriteTx<'_>,
    link: &TokenHash,
    mailed: TokenHash,
    now: Timestamp,
) -> Result<Option<Offer>, StoreError> {
    let offer = offer_in(tx, link, now)?;
    if offer.is_some() {
        stored::put_mailed_in(tx, link, mailed)?;
    }
    Ok(offer)
}

/// What an invitation offers an account, if it can accept it.
fn fitting(
    tx: &impl Rows,
    account: &Account,
    token: &TokenHash,
    now: Timestamp,
) -> Result<(InvitationId, Offer), SpaceError> {
    let (invitation, offer) = good(tx, token, now)?;
    let meant = offer.email.as_deref().and_then(Email::new);
    if meant.is_some_and(|meant| !meant.same_as(&account.email)) {
        return Err(SpaceError::WrongInvitation);
    }
    if rows::role(tx, account.id, offer.space)?.is_some() {
        return Err(SpaceError::AlreadyIn);
    }
    Ok((invitation, offer))
}

/// Whether somebody may invite into a space to this role, now: who is suspended lets nobody in.
fn may_make(tx: &impl Rows, by: AccountId, space: SpaceId, to: Role) -> Result<bool, SpaceError> {
    if account_in(tx, by)?.is_none_or(|maker| maker.suspended_at.is_some()) {
        return Ok(false);
    }
    Ok(rows::role(tx, by, space)?.is_some_and(|by| may_give(by, to)))
}

fn good(
    tx: &impl Rows,
    token: &TokenHash,
    now: Timestamp,
) -> Result<(InvitationId, Offer), SpaceError> {
    let found = stored::by_token(tx, token)?;
    let (space, id, row) = found.ok_or(SpaceError::WrongInvitation)?;
    // Who made it must still be allowed to.
    if now >= row.expires_at || !may_make(tx, row.by, space, row.role)? {
        return Err(SpaceError::WrongInvitation);
    }
    let space_name = rows::name(tx, space)?.ok_or(SpaceError::WrongInvitation)?;
    let InvitationRow { role, email, by, expires_at, .. } = row;
    Ok((id, Offer { space, space_name, by, role, email, expires_at }))
}
