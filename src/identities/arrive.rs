//! What becomes of somebody whom a provider let through.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::accounts::{
    Account, AccountError, Actor, AdminChange, Email, NewAccount, OnCreated, SecurityEvent,
};
use crate::kernel::{AccountId, IdentityId, Text, TokenHash, is_language, is_spoken};
use crate::providers::Claims;
use crate::store::{StoreError, WriteTx};

use super::rows::{self, IdentityRow};
use super::{
    Flow, GroupsKnown, Identities, IdentityError, Newcomer, Presented, Provider, SignedIn,
};

/// Groups of an identity that are kept at most.
const GROUPS_KEPT: usize = 200;

impl Identities {
    /// Lets somebody in who comes back from signing in at a provider.
    ///
    /// # Errors
    /// When the provider's word is not good, or opens no account and may make none.
    pub async fn sign_in(&self, flow: &Flow, new: Newcomer) -> Result<SignedIn, IdentityError> {
        let claims = flow.claims().await?;
        self.let_in(flow.provider(), &claims, new).await
    }

    /// Lets somebody in whose app brings an ID token; each token once.
    ///
    /// # Errors
    /// Those of [`Identities::sign_in`].
    pub async fn exchange(
        &self,
        provider: &str,
        presented: Presented<'_>,
    ) -> Result<SignedIn, IdentityError> {
        let provider = self.provider(provider)?;
        if !provider.configured {
            return Err(IdentityError::NotForApps);
        }
        let claims = provider.oidc.exchange(presented.token, presented.nonce).await?;
        self.use_up(presented.token, &claims).await?;
        self.let_in(&provider, &claims, presented.newcomer).await
    }

    /// Links who somebody is at a provider with their account.
    ///
    /// # Errors
    /// When the provider's word is not good, or the identity is another account's.
    pub async fn link(&self, flow: &Flow, account: AccountId) -> Result<(), IdentityError> {
        let claims = flow.claims().await?;
        let row = self.fresh_row(flow.provider(), &claims, account);
        let (this, name) = (self.clone(), flow.provider().name.clone());
        let key = self.place(flow.provider(), &claims);
        self.0
            .store
            .write(move |tx| match rows::identity(tx, &key)? {
                Some(linked) if linked.account == account => Ok(()),
                Some(_) => Err(IdentityError::Taken),
                None => Ok(this.link_in(tx, &key, &row, name)?),
            })
            .await
    }

    /// Checks that somebody who is signed in has just proven at a provider who they are.
    ///
    /// # Errors
    /// When the provider's word is not good, or they are not linked with this account there.
    pub async fn prove(&self, flow: &Flow, account: AccountId) -> Result<(), IdentityError> {
        let claims = flow.claims().await?;
        let found = self.identity(&self.place(flow.provider(), &claims))?;
        match found.filter(|identity| identity.account == account) {
            Some(_) => Ok(()),
            None => Err(IdentityError::Another),
        }
    }

    async fn let_in(
        &self,
        provider: &Provider,
        claims: &Claims,
        new: Newcomer,
    ) -> Result<SignedIn, IdentityError> {
        let key = self.place(provider, claims);
        let turn = self.0.newcomers.lock().await;
        // Of a word that is older than one that was believed, nothing is but who it is.
        let mut is_newest = true;
        let (id, identity, is_new) = match self.identity(&key)? {
            Some(known) => {
                is_newest = self.note_use(provider, &key, claims).await?;
                (known.account, known.id, false)
            }
            None => self.welcome(provider, claims, new).await?,
        };
        drop(turn);
        let account = self.0.accounts.account(id)?;
        if account.suspended_at.is_some() {
            return Err(AccountError::Suspended.into());
        }
        let account = match is_newest {
            true => self.with_rank(provider, (&key, claims), account).await?,
            false => account,
        };
        if is_newest && claims.groups.is_some() {
            let (this, whose) = (self.clone(), account.id);
            let follow =
                move |tx: &mut WriteTx<'_>| (this.0.on_groups)(tx, whose, GroupsKnown::Said);
            self.0.store.write(follow).await?;
        }
        Ok(SignedIn { account, identity, through: provider.mark(), is_new })
    }

    /// An account for somebody who was never here: their own by a trusted word, or a new one.
    async fn welcome(
        &self,
        provider: &Provider,
        claims: &Claims,
        new: Newcomer,
    ) -> Result<(AccountId, IdentityId, bool), IdentityError> {
        let email = claims.email.as_deref().and_then(Email::new).ok_or(IdentityError::NoEmail)?;
        let proven = provider.trusted_email && claims.email_verified;
        let (key, this, name) = (self.place(provider, claims), self.clone(), provider.name.clone());
        if let Some(local) = self.0.accounts.by_email(&email)? {
            let anybodys = self.is_anybodys(local.id, provider.configured)?;
            let safe = proven && local.email_verified && !anybodys;
            if !safe {
                return Err(IdentityError::LinkNeeded);
            }
            let row = self.fresh_row(provider, claims, local.id);
            let id = row.id;
            self.0.store.write(move |tx| this.link_in(tx, &key, &row, name)).await?;
            return Ok((local.id, id, false));
        }
        let (row, id) = (self.fresh_row(provider, claims, AccountId::fresh()), IdentityId::fresh());
        let Newcomer { ticket, also, language } = new;
        let link: OnCreated = Arc::new(move |tx, account| {
            also(tx, account)?;
            let row = IdentityRow { id, account: account.id, ..row.clone() };
            Ok(this.link_in(tx, &key, &row, name.clone())?)
        });
        let account = NewAccount {
            display_name: name_of(claims, &email).ok_or(IdentityError::NoEmail)?,
            email,
            password: None,
            email_verified: proven,
            locale: language_of(claims, language),
            also: Some(link),
        };
        let made = self.0.accounts.admit(provider.sign_up, account, ticket).await?;
        Ok((made.id, id, true))
    }

    /// Makes the account an admin, or no longer one, as its groups at the provider say, if they
    /// are said. Whom another identity of theirs makes an admin stays one.
    async fn with_rank(
        &self,
        provider: &Provider,
        (key, claims): (&TokenHash, &Claims),
        account: Account,
    ) -> Result<Account, IdentityError> {
        let (Some(admins), Some(groups)) = (&provider.admin_group, &claims.groups) else {
            return Ok(account);
        };
        let makes_admin = groups.contains(admins);
        // Before the rank itself: who has it by a group is always known to have it by one.
        if self.identity(key)?.is_some_and(|row| row.makes_admin != makes_admin) {
            let key = *key;
            let mark = move |tx: &mut WriteTx<'_>| {
                let Some(mut row) = rows::identity(tx, &key)? else { return Ok(()) };
                row.makes_admin = makes_admin;
                rows::put_identity_in(tx, &key, &row)
            };
            self.0.store.write(mark).await?;
        }
        let is_admin = self.0.store.read(|tx| self.is_made_admin(tx, account.id))?;
        let change = AdminChange { admin: Some(is_admin), suspended: None };
        match self.0.accounts.administer(account.id, change, Actor::System, None).await {
            Ok(account) => Ok(account),
            Err(AccountError::LastAdmin) => {
                tracing::warn!("the last admin is in the admin group no more and stays admin");
                Ok(account)
            }
            Err(other) => Err(other.into()),
        }
    }

    fn place(&self, provider: &Provider, claims: &Claims) -> TokenHash {
        self.0.blind.place(provider.oidc.issuer(), &claims.subject)
    }

    fn fresh_row(&self, provider: &Provider, claims: &Claims, account: AccountId) -> IdentityRow {
        let now = self.0.clock.now();
        IdentityRow {
            id: IdentityId::fresh(),
            account,
            issuer: provider.oidc.issuer().to_owned(),
            email: address(claims),
            linked_at: now,
            used_at: now,
            groups: groups(claims),
            groups_claim: provider.groups_claim.clone(),
            said_at: Some(claims.issued_at),
            makes_admin: false,
        }
    }

    fn link_in(
        &self,
        tx: &mut WriteTx<'_>,
        key: &TokenHash,
        row: &IdentityRow,
        provider: String,
    ) -> Result<(), StoreError> {
        rows::put_identity_in(tx, key, row)?;
        let event = SecurityEvent::IdentityLinked { provider };
        self.0.watchers.tell_in(tx, row.account, &event, row.linked_at)
    }

    /// Notes what a provider says of somebody, unless it has said something else since; whether
    /// it has not.
    async fn note_use(
        &self,
        provider: &Provider,
        key: &TokenHash,
        claims: &Claims,
    ) -> Result<bool, StoreError> {
        let (key, email, now) = (*key, address(claims), self.0.clock.now());
        let (issued_at, claim) = (claims.issued_at, provider.groups_claim.clone());
        let said = claims.groups.is_some() || claim.is_none();
        let groups = said.then(|| groups(claims));
        self.0
            .store
            .write(move |tx| {
                let Some(mut row) = rows::identity(tx, &key)? else { return Ok(true) };
                row.used_at = now;
                let is_newest = row.said_at.is_none_or(|said| said <= issued_at);
                if is_newest {
                    row.said_at = Some(issued_at);
                    row.email = email.or(row.email);
                    if let Some(groups) = groups {
                        (row.groups, row.groups_claim) = (groups, claim);
                    }
                }
                rows::put_identity_in(tx, &key, &row)?;
                Ok(is_newest)
            })
            .await
    }
}

/// The address that the provider gave, if it is one.
fn address(claims: &Claims) -> Option<String> {
    let email = claims.email.as_deref().and_then(Email::new)?;
    Some(email.as_str().to_owned())
}

/// The groups that the provider says somebody is in and that could be let into a space.
fn groups(claims: &Claims) -> Vec<String> {
    let said: BTreeSet<&str> = claims.groups.iter().flatten().map(String::as_str).collect();
    let good = said.into_iter().filter(|name| Text::<1, 200>::new(*name).is_ok());
    good.take(GROUPS_KEPT).map(str::to_owned).collect()
}

/// How to call somebody: as the provider does, or by what stands before the at sign.
fn name_of(claims: &Claims, email: &Email) -> Option<Text<1, 100>> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let shown = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
        Text::new(text.trim()).ok()
    };
    let names = [claims.name.as_deref().unwrap_or_default(), local];
    names.into_iter().find_map(shown)
}

/// The language of a new account: the provider's word where it is spoken here, then what they want,
/// then the provider's word after all.
fn language_of(claims: &Claims, wanted: Option<String>) -> String {
    let said = claims.locale.as_deref().map(|tag| tag.replace('_', "-"));
    let said = said.filter(|tag| is_language(tag));
    let spoken = said.clone().filter(|tag| is_spoken(tag));
    spoken.or(wanted).or(said).unwrap_or_else(|| "en".to_owned())
}
