//! Who is told of what: mostly the account that did something or in whose name it was done; of
//! what is done to a member of a space, the member.

use super::model::Notice;
use crate::accounts::{Actor, SecurityEvent};
use crate::kernel::{AccountId, SpaceId};
use crate::spaces;
use crate::store::{Rows, StoreError};

/// Whom an event is told, and how; nobody of those that are no surprise.
pub(super) fn told(
    tx: &impl Rows,
    account: AccountId,
    event: &SecurityEvent,
) -> Result<Vec<(AccountId, Notice)>, StoreError> {
    if let SecurityEvent::CloneMoved { name, lost_by, .. } = event {
        let notice = Notice::CloneMoved { clone: name.clone() };
        return Ok(lost_by.iter().map(|member| (*member, notice.clone())).collect());
    }
    if let Some((told, notice)) = of_clone(event) {
        return Ok(told.iter().map(|member| (*member, notice.clone())).collect());
    }
    Ok(told_one(tx, account, event)?.into_iter().collect())
}

/// Those who are told of a clone's standing, and what.
fn of_clone(event: &SecurityEvent) -> Option<(&[AccountId], Notice)> {
    use SecurityEvent as E;
    Some(match event {
        E::SubjectAnswered { agreed, name, told, .. } => {
            let clone = name.clone();
            let notice = match *agreed {
                true => Notice::SubjectAgreed { clone },
                false => Notice::SubjectDeclined { clone },
            };
            (told, notice)
        }
        E::CloneObjected { name, told, .. } => {
            (told, Notice::CloneObjected { clone: name.clone() })
        }
        E::ObjectionWithdrawn { name, told, .. } => {
            (told, Notice::ObjectionWithdrawn { clone: name.clone() })
        }
        E::CloneStateChanged { state, name, told, .. } => {
            let clone = name.clone();
            let notice = match *state {
                "paused" => Notice::ClonePaused { clone },
                "retired" => Notice::CloneRetired { clone },
                _ => Notice::CloneWoken { clone },
            };
            (told, notice)
        }
        E::ContributionWaits { name, told, .. } => {
            (told, Notice::ContributionWaits { clone: name.clone() })
        }
        E::ContributionDecided { approved, name, told, .. } => {
            let clone = name.clone();
            let notice = match *approved {
                true => Notice::ContributionApproved { clone },
                false => Notice::ContributionDeclined { clone },
            };
            (told, notice)
        }
        _ => return None,
    })
}

fn told_one(
    tx: &impl Rows,
    account: AccountId,
    event: &SecurityEvent,
) -> Result<Option<(AccountId, Notice)>, StoreError> {
    use SecurityEvent as E;
    Ok(match *event {
        E::RoleChanged { space, member, role } => {
            about(tx, (account, member), space, |space| Notice::RoleChanged { space, role })?
        }
        E::OwnershipHandedOver { space, to } => {
            about(tx, (account, to), space, |space| Notice::SpaceHandedOver { space })?
        }
        E::MemberRemoved { space, member } => {
            about(tx, (account, member), space, |space| Notice::RemovedFromSpace { space })?
        }
        // Nobody did it to them here: what a provider says of them did, or that none does now.
        E::LeftWithGroup { space, member, .. } => {
            let notice = Notice::RemovedFromSpace { space: named(tx, space)? };
            Some((member, notice))
        }
        E::JoinedByGroup { space, role, was_there: true, .. } => {
            let notice = Notice::RoleChanged { space: named(tx, space)?, role };
            Some((account, notice))
        }
        E::LockedOut { by }
        | E::Suspended { by }
        | E::Unsuspended { by }
        | E::AdminGranted { by }
        | E::AdminRevoked { by } => {
            let notice = by_admins(event).filter(|_| by != Actor::Account(account));
            notice.map(|notice| (account, notice))
        }
        _ => own(event).map(|notice| (account, notice)),
    })
}

/// What a member of a space is told that somebody else did to them.
fn about(
    tx: &impl Rows,
    (by, member): (AccountId, AccountId),
    space: SpaceId,
    notice: impl FnOnce(String) -> Notice,
) -> Result<Option<(AccountId, Notice)>, StoreError> {
    if member == by {
        return Ok(None);
    }
    Ok(Some((member, notice(named(tx, space)?))))
}

fn named(tx: &impl Rows, space: SpaceId) -> Result<String, StoreError> {
    Ok(spaces::name_in(tx, space)?.unwrap_or_default().into_string())
}

fn by_admins(event: &SecurityEvent) -> Option<Notice> {
    use SecurityEvent as E;
    Some(match event {
        E::LockedOut { .. } => Notice::LockedOut,
        E::Suspended { .. } => Notice::Suspended,
        E::Unsuspended { .. } => Notice::Unsuspended,
        E::AdminGranted { .. } => Notice::AdminGranted,
        E::AdminRevoked { .. } => Notice::AdminRevoked,
        _ => return None,
    })
}

fn own(event: &SecurityEvent) -> Option<Notice> {
    use SecurityEvent as E;
    Some(match event.clone() {
        E::SignedIn { new_device: Some(device), .. } => Notice::NewDevice { device },
        E::PasswordChanged => Notice::PasswordChanged,
        E::PasswordReset { .. } => Notice::PasswordReset,
        E::EmailChanged { before } => Notice::EmailChanged { before },
        E::SecondFactorAdded => Notice::SecondFactorAdded,
        E::SecondFactorRemoved | E::SecondFactorsReset => Notice::SecondFactorRemoved,
        E::RecoveryCodeUsed => Notice::RecoveryCodeUsed,
        E::RecoveryCodesRenewed => Notice::RecoveryCodesRenewed,
        E::PasskeyAdded => Notice::PasskeyAdded,
        E::PasskeyRemoved => Notice::PasskeyRemoved,
        E::PasskeyCopied => Notice::PasskeyCopied,
        E::IdentityLinked { provider } => Notice::IdentityLinked { provider },
        E::IdentityUnlinked { provider } => Notice::IdentityUnlinked { provider },
        E::ApiKeyCreated { label, .. } => Notice::ApiKeyCreated { label },
        E::RecoveryKeySet => Notice::RecoveryKeySet,
        E::LegacyContactSet { name, .. } => Notice::LegacyContactSet { name },
        E::LegacyContactRemoved => Notice::LegacyContactRemoved,
        E::RefreshReused => Notice::SignInReused,
        E::BreakGlassBegun { name: by, reason, until, .. } => {
            Notice::BreakGlass { by, reason, until }
        }
        E::BreakGlassEnded { name: by, opened, .. } => Notice::BreakGlassEnded { by, opened },
        _ => return None,
    })
}
