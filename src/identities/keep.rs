//! One's identities: seeing them, unlinking them, and what they have opened.

use std::sync::Arc;

use url::Url;

use crate::accounts::{self, SecurityEvent};
use crate::factors::{self, OpensBeside, ProviderMark};
use crate::kernel::{AccountId, IdentityId, SessionId, Timestamp};
use crate::providers::Oidc;
use crate::store::{Rows, StoreError, WriteTx};

use super::rows::{self, IdentityRow};
use super::{GroupsKnown, Identities, Identity, IdentityError, SaidGroup};

/// The provider that opened a sign-in, and the address to come back to from there.
pub struct Opener {
    oidc: Oidc,
    back: Url,
}

impl Opener {
    /// Where somebody goes to sign out there too, if there is such an address.
    pub async fn end_session(&self) -> Option<Url> {
        self.oidc.end_session(&self.back).await
    }
}

impl Identities {
    /// The identities of an account, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, account: AccountId) -> Result<Vec<Identity>, IdentityError> {
        let found = self.0.store.read(|tx| rows::of_account(tx, account))?;
        Ok(found.into_iter().map(|row| self.view(row)).collect())
    }

    /// Unlinks an identity and ends what it has opened, but for the sign-in that asks.
    ///
    /// # Errors
    /// When the account does not have it, or could not be opened without it.
    pub async fn unlink(
        &self,
        account: AccountId,
        id: IdentityId,
        asking: Option<SessionId>,
    ) -> Result<(), IdentityError> {
        let (this, now) = (self.clone(), self.0.clock.now());
        self.0
            .store
            .write(move |tx| {
                let all = rows::of_account(tx, account)?;
                let found = all.iter().find(|row| row.id == id);
                let row = found.cloned().ok_or(IdentityError::Missing)?;
                let usable = |row: &&IdentityRow| row.id != id && this.is_offered(&row.issuer);
                if all.iter().find(usable).is_none() && !opens_itself(tx, account)? {
                    return Err(IdentityError::LastWayIn);
                }
                this.remove_in(tx, account, row, now)?;
                for (session, by) in rows::opened_of(tx, account)? {
                    if by == id && Some(session) != asking {
                        this.0.sessions.end_in(tx, account, session)?;
                    }
                }
                Ok(())
            })
            .await
    }

    fn remove_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        row: IdentityRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        rows::remove_identity_in(tx, account, row.id)?;
        // Who is nobody there any more is in none of its groups, be it offered still or not.
        (self.0.on_groups)(tx, account, GroupsKnown::Unlinked)?;
        if row.makes_admin && !self.is_made_admin(tx, account)? {
            self.0.accounts.demote_in(tx, account)?;
        }
        let view = self.view(row);
        let event = SecurityEvent::IdentityUnlinked { provider: view.provider_name };
        self.0.watchers.tell_in(tx, account, &event, now)
    }

    /// Whether one of an account's identities was in the group of admins of a provider that has
    /// one when it last said its groups.
    pub(super) fn is_made_admin(
        &self,
        tx: &impl Rows,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let providers = self.providers();
        let appoints = |issuer: &str| {
            providers.iter().any(|one| one.oidc.issuer() == issuer && one.admin_group.is_some())
        };
        let linked = rows::of_account(tx, account)?;
        Ok(linked.iter().any(|row| row.makes_admin && appoints(&row.issuer)))
    }

    /// Unlinks all of an account that may be somebody else's by now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn disown_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let all = rows::of_account(tx, account)?;
        all.into_iter().try_for_each(|row| self.remove_in(tx, account, row, now))
    }

    /// Whether an account is somebody's who can open it. Who was linked at a provider counts too,
    /// be it offered still, be they linked still or not, unless whoever runs the machine has
    /// exchanged it: otherwise an admin could take a provider away, and its people's accounts over
    /// with another.
    pub(super) fn is_anybodys(
        &self,
        account: AccountId,
        exchanged: bool,
    ) -> Result<bool, IdentityError> {
        Ok(self.0.store.read(|tx| {
            let linked = match exchanged {
                true => self.is_linked(tx, account)?,
                false => rows::was_linked(tx, account)?,
            };
            Ok::<_, StoreError>(linked || opens_itself(tx, account)?)
        })?)
    }

    /// Tells whether a password or somebody at a provider opens an account.
    pub fn opens_beside_passkeys(&self) -> OpensBeside {
        let this = self.clone();
        Arc::new(move |tx, account| {
            Ok(accounts::has_password_in(tx, account)? || this.is_linked(tx, account)?)
        })
    }

    /// Whether somebody at a provider opens an account. What is linked at a provider that is not
    /// offered any more opens nothing.
    fn is_linked(&self, tx: &impl Rows, account: AccountId) -> Result<bool, StoreError> {
        let linked = rows::of_account(tx, account)?;
        Ok(linked.iter().any(|row| self.is_offered(&row.issuer)))
    }

    /// Whether somebody whom a provider has let through, and who owes a code since, may still come
    /// in: it is the provider that it was, and they are linked there.
    ///
    /// # Errors
    /// When the store fails.
    pub fn still_opens(
        &self,
        account: AccountId,
        identity: IdentityId,
        through: &ProviderMark,
    ) -> Result<bool, StoreError> {
        let offered = self.providers().iter().any(|provider| provider.mark() == *through);
        let linked = self.0.store.read(|tx| rows::of_account(tx, account))?;
        Ok(offered && linked.iter().any(|row| row.id == identity))
    }

    /// Whether a provider that is offered tells who is in a group: one of its issuer, in the claim
    /// in which it was said.
    pub fn tells(&self, said: &SaidGroup) -> bool {
        self.providers().iter().any(|provider| {
            let claim = provider.groups_claim.as_ref();
            provider.oidc.issuer() == said.issuer && claim == Some(&said.claim)
        })
    }

    fn is_offered(&self, issuer: &str) -> bool {
        self.providers().iter().any(|provider| provider.oidc.issuer() == issuer)
    }

    /// Notes that an identity opened a sign-in.
    ///
    /// # Errors
    /// When the identity is not linked any more, which ends the sign-in, or the store fails.
    pub async fn opened(
        &self,
        identity: IdentityId,
        account: AccountId,
        session: SessionId,
    ) -> Result<(), IdentityError> {
        let this = self.clone();
        let linked = self.0.store.write(move |tx| {
            let linked = rows::of_account(tx, account)?.iter().any(|row| row.id == identity);
            if linked {
                rows::put_opened_in(tx, (account, session), identity)?;
            } else {
                // It was unlinked in the meantime.
                this.0.sessions.end_in(tx, account, session)?;
            }
            Ok::<_, StoreError>(linked)
        });
        if linked.await? { Ok(()) } else { Err(IdentityError::Missing) }
    }

    /// The provider that opened a sign-in, for who signs out to sign out there too, if it is one
    /// that is offered. `own` is the address by which a browser on this machine reaches us.
    ///
    /// # Errors
    /// When the store fails.
    pub fn opener(
        &self,
        account: AccountId,
        session: SessionId,
        own: Option<&Url>,
    ) -> Result<Option<Opener>, IdentityError> {
        let Some(by) = self.0.store.read(|tx| rows::opened_by(tx, account, session))? else {
            return Ok(None);
        };
        let providers = self.providers();
        let provider = providers.iter().find(|provider| provider.oidc.issuer() == by.issuer);
        let back = self.0.site.front(own);
        Ok(provider.zip(back).map(|(provider, back)| Opener { oidc: provider.oidc.clone(), back }))
    }

    fn view(&self, row: IdentityRow) -> Identity {
        let (provider, provider_name) = self.name_of(&row.issuer);
        let IdentityRow { id, email, groups, linked_at, used_at, .. } = row;
        Identity { id, provider, provider_name, email, groups, linked_at, used_at }
    }
}

/// The groups that providers last said somebody is in, by any of their identities.
///
/// # Errors
/// When the store fails.
pub fn said_groups_in(tx: &impl Rows, account: AccountId) -> Result<Vec<SaidGroup>, StoreError> {
    let mut all = Vec::new();
    for row in rows::of_account(tx, account)? {
        let IdentityRow { issuer, groups, groups_claim, .. } = row;
        let Some(claim) = groups_claim else { continue };
        let of_row = |name| SaidGroup { issuer: issuer.clone(), claim: claim.clone(), name };
        all.extend(groups.into_iter().map(of_row));
    }
    Ok(all)
}

/// Whether a password or a passkey opens an account.
fn opens_itself(tx: &impl Rows, account: AccountId) -> Result<bool, StoreError> {
    Ok(accounts::has_password_in(tx, account)? || factors::has_passkey_in(tx, account)?)
}
