//! The word for each event and what is written down with it: identifiers and kinds, never what
//! people wrote.

use crate::accounts::{Actor, SecurityEvent};
use crate::kernel::{AccountId, CloneId};

use super::model::Thing;
use super::rows::NewEntry;

/// What is written down of an event that is told of an account.
pub(super) fn entry(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let own = |word| NewEntry::new(word, Actor::Account(account)).about(Thing::Account(account));
    let by = |word, by: &Actor| NewEntry::new(word, *by).about(Thing::Account(account));
    match event {
        E::SignedIn { session, device, address, new_device } => {
            let mut entry = own("signed_in").with("session", session).with("device", device);
            entry.address.clone_from(address);
            entry.with("new_device", new_device.is_some())
        }
        E::SignedOut => own("signed_out"),
        E::PasswordChanged => own("password_changed"),
        E::PasswordReset { by: actor } => by("password_reset", actor),
        E::EmailChanged { .. } => own("email_changed"),
        E::EmailVerified => own("email_verified"),
        E::AddressClaimed => own("address_claimed"),
        E::SecondFactorAdded => own("second_factor_added"),
        E::SecondFactorRemoved => own("second_factor_removed"),
        E::SecondFactorsReset => by("second_factors_reset", &Actor::System),
        E::RecoveryCodesRenewed => own("recovery_codes_renewed"),
        E::RecoveryCodeUsed => own("recovery_code_used"),
        E::PasskeyAdded => own("passkey_added"),
        E::PasskeyRemoved => own("passkey_removed"),
        E::PasskeyCopied => by("passkey_copied", &Actor::Nobody),
        E::IdentityLinked { .. } => own("identity_linked"),
        E::IdentityUnlinked { .. } => own("identity_unlinked"),
        E::ApiKeyCreated { key, .. } => own("api_key_created").with("key", key),
        E::ApiKeyRevoked { key, .. } => own("api_key_revoked").with("key", key),
        E::RefreshReused => by("refresh_token_reused", &Actor::Nobody),
        E::SessionEnded => own("session_ended"),
        E::AllSessionsEnded => own("all_sessions_ended"),
        E::LockedOut { by: actor } => by("locked_out", actor),
        E::Suspended { by: actor } => by("suspended", actor),
        E::Unsuspended { by: actor } => by("unsuspended", actor),
        E::AdminGranted { by: actor } => by("admin_granted", actor),
        E::AdminRevoked { by: actor } => by("admin_revoked", actor),
        E::AccountCreated => own("account_created"),
        E::ErasureRequested => own("erasure_requested"),
        E::DataExported => own("data_exported"),
        E::RestrictionChanged { restricted } => {
            own("restriction_changed").with("restricted", restricted)
        }
        E::ConsentChanged { consent, granted } => {
            own("consent_changed").with("consent", consent).with("granted", granted)
        }
        elsewhere => beyond(account, elsewhere),
    }
}

/// The same of what an account does to spaces and clones.
fn beyond(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let of = |word, thing| NewEntry::new(word, Actor::Account(account)).about(thing);
    match event {
        E::Invited { space, invitation, role } => {
            let entry = of("invitation_made", Thing::Space(*space));
            entry.with("invitation", invitation).with("role", role)
        }
        E::InvitationWithdrawn { space, invitation } => {
            of("invitation_withdrawn", Thing::Space(*space)).with("invitation", invitation)
        }
        E::JoinedSpace { space, role } => {
            of("invitation_accepted", Thing::Space(*space)).with("role", role)
        }
        E::GroupLetIn { space, group, role } => {
            of("group_let_in", Thing::Space(*space)).with("group", group).with("role", role)
        }
        E::GroupShutOut { space, group } => {
            of("group_shut_out", Thing::Space(*space)).with("group", group)
        }
        E::JoinedByGroup { space, group, role, .. } => {
            of("joined_by_group", Thing::Space(*space)).with("group", group).with("role", role)
        }
        E::LeftWithGroup { space, group, member } => {
            let entry = of("left_with_group", Thing::Space(*space)).with("group", group);
            entry.with("member", member)
        }
        E::ShareLinkCreated { clone, link } => {
            of("share_link_created", Thing::Clone(*clone)).with("link", link)
        }
        E::ShareLinkRevoked { clone, link } => {
            of("share_link_revoked", Thing::Clone(*clone)).with("link", link)
        }
        E::RoleChanged { space, member, role } => {
            of("role_changed", Thing::Space(*space)).with("member", member).with("role", role)
        }
        E::OwnershipHandedOver { space, to } => {
            of("ownership_handed_over", Thing::Space(*space)).with("member", to)
        }
        E::MemberRemoved { space, member } => {
            of("member_removed", Thing::Space(*space)).with("member", member)
        }
        E::SpaceDeleted { space } => of("space_deleted", Thing::Space(*space)),
        E::CloneMoved { clone, from, to, .. } => {
            of("clone_moved", Thing::Clone(*clone)).with("from", from).with("to", to)
        }
        elsewhere => of_standing(account, elsewhere),
    }
}

/// The same of who vouches for clones, who is against them, and how they rest.
fn of_standing(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let of = |word, clone: &CloneId| {
        NewEntry::new(word, Actor::Account(account)).about(Thing::Clone(*clone))
    };
    match event {
        E::CloneDeclared { clone, subject } => of("clone_declared", clone).with("subject", subject),
        E::SubjectAsked { clone } => of("subject_asked", clone),
        E::SubjectAnswered { clone, agreed, .. } => {
            let mut entry = of("subject_answered", clone).with("agreed", agreed);
            entry.actor = Actor::Nobody;
            entry.with("asked_by", account)
        }
        E::CloneObjected { clone, objection, .. } => {
            of("clone_objected", clone).with("objection", objection)
        }
        E::ObjectionWithdrawn { clone, objection, .. } => {
            of("objection_withdrawn", clone).with("objection", objection)
        }
        E::CloneStateChanged { clone, state, .. } => {
            of("clone_state_changed", clone).with("state", state)
        }
        E::ContributionWaits { clone, .. } => of("contribution_waits", clone),
        E::ContributionDecided { clone, memory, approved, .. } => {
            of("contribution_decided", clone).with("memory", memory).with("approved", approved)
        }
        elsewhere => behind_glass(account, elsewhere),
    }
}

/// The same of looks behind glass, told of the account that is read.
fn behind_glass(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let glass = |word, by: &AccountId, id: &dyn ToString| {
        let entry = NewEntry::new(word, Actor::Account(*by)).about(Thing::Account(account));
        entry.with("break_glass", id.to_string())
    };
    match event {
        E::BreakGlassBegun { id, by, until, .. } => {
            glass("break_glass_begun", by, id).with("until", until)
        }
        E::BreakGlassUsed { id, by, kind, thing } => {
            let entry = glass("break_glass_used", by, id).with("kind", kind);
            match thing {
                Some(thing) => entry.with("id", thing),
                None => entry,
            }
        }
        E::BreakGlassEnded { id, by, ended_by, how, opened, .. } => {
            let mut entry = glass("break_glass_ended", by, id).with("begun_by", by);
            entry.actor = *ended_by;
            entry.with("how", how).with("opened", opened.len())
        }
        elsewhere => of_legacy(account, elsewhere),
    }
}

/// The same of what becomes of an account after the death of its person.
fn of_legacy(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let of = |word, by: Actor| NewEntry::new(word, by).about(Thing::Account(account));
    match event {
        E::LegacyContactSet { then, .. } => {
            of("legacy_contact_set", Actor::Account(account)).with("then", then)
        }
        E::LegacyContactRemoved => of("legacy_contact_removed", Actor::Account(account)),
        E::LegacyClaimed { claim, by } => {
            of("legacy_claimed", Actor::Account(*by)).with("claim", claim)
        }
        E::LegacyClaimStopped { claim, by, how } => {
            of("legacy_claim_stopped", *by).with("claim", claim).with("how", how)
        }
        E::LegacyBegun { claim, then } => {
            of("legacy_begun", Actor::System).with("claim", claim).with("then", then)
        }
        E::LegacyDone { claim, then } => {
            of("legacy_done", Actor::System).with("claim", claim).with("then", then)
        }
        elsewhere => of_providers(account, elsewhere),
    }
}

/// The same of what admins do to the providers of sign-ins.
fn of_providers(account: AccountId, event: &SecurityEvent) -> NewEntry {
    use SecurityEvent as E;
    let entry = |word| NewEntry::new(word, Actor::Account(account));
    match event {
        E::ProviderAdded { provider } => entry("provider_added").with("provider", provider),
        E::ProviderChanged { provider, fields } => {
            entry("provider_changed").with("provider", provider).with("fields", fields.join(" "))
        }
        E::ProviderRemoved { provider } => entry("provider_removed").with("provider", provider),
        E::BackupAsked => entry("backup_asked"),
        E::BackupTried => entry("backup_tried"),
        E::RecoveryKeySet => entry("recovery_key_set"),
        _ => entry("unknown").about(Thing::Account(account)),
    }
}
