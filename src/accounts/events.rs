//! What happens to the safety of an account, told to whoever must know: the person's
//! notifications and the audit log. The telling is part of the transaction in which it happens;
//! only tries that failed are told beside one, since they change nothing.

use std::sync::{Arc, OnceLock};

use crate::kernel::{
    AccountId, ApiKeyId, BreakGlassId, CloneId, InvitationId, LegacyClaimId, MemoryId, ObjectionId,
    SessionId, ShareLinkId, SpaceGroupId, SpaceId, Timestamp,
};
use crate::store::{StoreError, WriteTx};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever uses this account.
    Account(AccountId),
    /// Whoever runs the machine, or the server by itself.
    System,
    /// Somebody who did not prove who they are.
    Nobody,
}

/// Something that changes who can get at an account or at what it keeps, or shows that somebody
/// tried. It is told of the account that did it, unless the event says who did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SecurityEvent {
    /// Signed in; `new_device` is a short text of what is known, if it was not known before.
    SignedIn {
        session: SessionId,
        device: String,
        address: Option<String>,
        new_device: Option<String>,
    },
    SignedOut,
    PasswordChanged,
    PasswordReset {
        by: Actor,
    },
    /// The account has another address; `before` is the former one.
    EmailChanged {
        before: String,
    },
    EmailVerified,
    /// Whoever reads its mail has taken the account over, whose address nobody had proven.
    AddressClaimed,
    SecondFactorAdded,
    SecondFactorRemoved,
    /// All of them, on the operator's word.
    SecondFactorsReset,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    PasskeyAdded,
    PasskeyRemoved,
    /// A passkey counted backwards: there seem to be two of it. It did not open the account.
    PasskeyCopied,
    IdentityLinked {
        provider: String,
    },
    IdentityUnlinked {
        provider: String,
    },
    ApiKeyCreated {
        key: ApiKeyId,
        label: String,
    },
    ApiKeyRevoked {
        key: ApiKeyId,
        label: String,
    },
    /// A refresh token came back after it was used: one of its two holders has stolen it.
    RefreshReused,
    SessionEnded,
    AllSessionsEnded,
    /// An admin ended everything that opens the account.
    LockedOut {
        by: Actor,
    },
    Suspended {
        by: Actor,
    },
    Unsuspended {
        by: Actor,
    },
    AdminGranted {
        by: Actor,
    },
    AdminRevoked {
        by: Actor,
    },
    /// The account was made.
    AccountCreated,
    /// Everything of the account is to be erased.
    ErasureRequested,
    /// Somebody takes along everything of the account.
    DataExported,
    /// What is the account's is only stored from now on, or used again.
    RestrictionChanged {
        restricted: bool,
    },
    ConsentChanged {
        consent: &'static str,
        granted: bool,
    },
    Invited {
        space: SpaceId,
        invitation: InvitationId,
        role: &'static str,
    },
    InvitationWithdrawn {
        space: SpaceId,
        invitation: InvitationId,
    },
    JoinedSpace {
        space: SpaceId,
        role: &'static str,
    },
    /// The people of a group at a provider of sign-ins may come into a space.
    GroupLetIn {
        space: SpaceId,
        group: SpaceGroupId,
        role: &'static str,
    },
    /// They may no more, and whom it had brought are out.
    GroupShutOut {
        space: SpaceId,
        group: SpaceGroupId,
    },
    /// A group brought the account into a space, or gave it another role there.
    JoinedByGroup {
        space: SpaceId,
        group: SpaceGroupId,
        role: &'static str,
        /// Whether it was there before, as something else.
        was_there: bool,
    },
    /// A member is in the group no more that had brought it, or the group may bring nobody now.
    LeftWithGroup {
        space: SpaceId,
        group: SpaceGroupId,
        member: AccountId,
    },
    RoleChanged {
        space: SpaceId,
        member: AccountId,
        role: &'static str,
    },
    OwnershipHandedOver {
        space: SpaceId,
        to: AccountId,
    },
    MemberRemoved {
        space: SpaceId,
        member: AccountId,
    },
    SpaceDeleted {
        space: SpaceId,
    },
    CloneMoved {
        clone: CloneId,
        from: SpaceId,
        to: SpaceId,
        /// What the clone is called.
        name: String,
        /// Who could see it before and cannot now.
        lost_by: Vec<AccountId>,
    },
    ShareLinkCreated {
        clone: CloneId,
        link: ShareLinkId,
    },
    ShareLinkRevoked {
        clone: CloneId,
        link: ShareLinkId,
    },
    /// Somebody vouched for a clone of themselves, or of somebody who has died.
    CloneDeclared {
        clone: CloneId,
        subject: &'static str,
    },
    /// A living person is to be asked whether they agree to a clone of them.
    SubjectAsked {
        clone: CloneId,
    },
    /// They have answered, by the link of the account that this is told of.
    SubjectAnswered {
        clone: CloneId,
        agreed: bool,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    /// Somebody close to the person does not want a clone.
    CloneObjected {
        clone: CloneId,
        objection: ObjectionId,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    ObjectionWithdrawn {
        clone: CloneId,
        objection: ObjectionId,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    /// A clone rests, is retired, or is awake again.
    CloneStateChanged {
        clone: CloneId,
        state: &'static str,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    /// What somebody wrote waits to be let in by those who look after the clone; told when nothing
    /// waited before.
    ContributionWaits {
        clone: CloneId,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    /// It was let in, or not.
    ContributionDecided {
        clone: CloneId,
        memory: MemoryId,
        approved: bool,
        /// What the clone is called.
        name: String,
        told: Vec<AccountId>,
    },
    /// The account says who receives what is its own after its person's death, and what then.
    LegacyContactSet {
        name: String,
        then: &'static str,
    },
    LegacyContactRemoved,
    /// Somebody with the key says that the account's person has died.
    LegacyClaimed {
        claim: LegacyClaimId,
        by: AccountId,
    },
    LegacyClaimStopped {
        claim: LegacyClaimId,
        by: Actor,
        how: &'static str,
    },
    /// The wait is over, and what the account had chosen is begun.
    LegacyBegun {
        claim: LegacyClaimId,
        then: &'static str,
    },
    LegacyDone {
        claim: LegacyClaimId,
        then: &'static str,
    },
    /// An admin added a provider of sign-ins, by its name in addresses.
    ProviderAdded {
        provider: String,
    },
    /// An admin changed these fields of one.
    ProviderChanged {
        provider: String,
        fields: Vec<&'static str>,
    },
    ProviderRemoved {
        provider: String,
    },
    /// An admin had a backup made.
    BackupAsked,
    /// An admin had a backup tried out.
    BackupTried,
    /// There is another recovery key for backups.
    RecoveryKeySet,
    /// An admin may read what is the account's for a while; told of the account that is read.
    BreakGlassBegun {
        id: BreakGlassId,
        by: AccountId,
        name: String,
        reason: String,
        until: Timestamp,
    },
    /// They have opened something for the first time.
    BreakGlassUsed {
        id: BreakGlassId,
        by: AccountId,
        kind: &'static str,
        thing: Option<String>,
    },
    /// They may no more, which somebody may have ended; `opened` are the names of what they read.
    BreakGlassEnded {
        id: BreakGlassId,
        by: AccountId,
        ended_by: Actor,
        name: String,
        how: &'static str,
        opened: Vec<String>,
    },
}

/// A try that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A password was wrong, or the address is nobody's.
    Password,
    /// A code was wrong.
    Code,
    /// A passkey opened nothing.
    Passkey,
    /// Everything was right, but the account is suspended.
    Suspended,
    /// It was wrong too often before, so it was not looked at.
    Locked,
    /// Somebody who is no admin asked for what only admins may.
    NoAdmin,
    /// A key was used outside the networks that it is good in.
    KeyElsewhere,
}

/// Hears of an event, in the transaction in which it happens.
pub type OnSecurity = Arc<
    dyn Fn(&mut WriteTx<'_>, AccountId, &SecurityEvent, Timestamp) -> Result<(), StoreError>
        + Send
        + Sync,
>;

/// Hears of a try that was refused, at the account that it was about if there is one. It must
/// take no time that depends on that: whoever tries can measure it.
pub type OnFailure = Arc<dyn Fn(Option<AccountId>, Failure) + Send + Sync>;

/// Everybody who must hear of events. Slices that tell hold a copy before those that listen are
/// built, so the listeners are named once, a little later. Cheap to clone.
#[derive(Clone, Default)]
pub struct Watchers(Arc<OnceLock<(Vec<OnSecurity>, OnFailure)>>);

impl Watchers {
    /// Names those who listen; what happened before is not told again. A second call is ignored.
    pub fn register(&self, watchers: Vec<OnSecurity>, on_failure: OnFailure) {
        let _ = self.0.set((watchers, on_failure));
    }

    /// Tells them all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        event: &SecurityEvent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut watchers = self.0.get().into_iter().flat_map(|(watchers, _)| watchers);
        watchers.try_for_each(|watcher| watcher(tx, account, event, at))
    }

    /// Tells of a try that was refused.
    pub fn failed(&self, account: Option<AccountId>, failure: Failure) {
        if let Some((_, on_failure)) = self.0.get() {
            on_failure(account, failure);
        }
    }
}
