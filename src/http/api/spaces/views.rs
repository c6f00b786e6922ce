//! Spaces, members and invitations as the API shows and reads them.

use std::time::Duration;

use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Enum, Object};
use serde::Deserialize;

use super::super::Services;
use super::super::fields::Fields;
use crate::access::{Principal, Role};
use crate::accounts::Email;
use crate::http::problem::Answer;
use crate::identities::SaidGroup;
use crate::kernel::{AccountId, Fault, FieldProblem, Text};
use crate::spaces::{Group, Invitation, Member, NewGroup, NewInvitation, Offer, Space, SpaceType};

/// How long an invitation is good when nothing is said, and at most, in days.
const USUAL_DAYS: u32 = 7;
const MOST_DAYS: u32 = 90;

/// What an account is in a space.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum RoleWord {
    /// May talk with the clones and read what is open to the space.
    Visitor,
    /// May add memories too.
    Contributor,
    /// May shape the clones and all their memories.
    Steward,
    /// May do everything.
    Owner,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Visitor => Self::Visitor,
            Role::Contributor => Self::Contributor,
            Role::Steward => Self::Steward,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Visitor => Self::Visitor,
            RoleWord::Contributor => Self::Contributor,
            RoleWord::Steward => Self::Steward,
            RoleWord::Owner => Self::Owner,
        }
    }
}

/// What a space is for.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum SpaceWord {
    /// The one that comes with an account.
    Personal,
    /// One for several people.
    Shared,
}

/// A space, as a member sees it.
#[derive(Object)]
pub(super) struct SpaceView {
    id: String,
    /// Empty for a personal space.
    name: String,
    kind: SpaceWord,
    /// What the caller is in it.
    role: RoleWord,
    member_count: usize,
    created_at: String,
}

/// The spaces of the caller, the personal one first.
#[derive(Object)]
pub(super) struct SpaceList {
    pub(super) items: Vec<SpaceView>,
    pub(super) next_cursor: Option<String>,
}

/// A space was made.
#[derive(ApiResponse)]
pub(super) enum SpaceMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<SpaceView>),
}

/// A new shared space.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceName {
    /// What it is called.
    pub(super) name: String,
}

/// What can be changed about a space.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpaceChange {
    /// What it is called.
    pub(super) name: Patch<String>,
}

/// An account in a space.
#[derive(Object)]
pub(super) struct MemberView {
    account_id: String,
    display_name: String,
    /// Shown to stewards, the owner and the member.
    email: Option<String>,
    role: RoleWord,
    /// Whether this is the caller.
    me: bool,
    /// Whether a group at a provider of sign-ins brought them, which also takes them out again.
    by_group: bool,
    joined_at: String,
}

/// Who is in a space, the highest roles first.
#[derive(Object)]
pub(super) struct MemberList {
    pub(super) items: Vec<MemberView>,
    pub(super) next_cursor: Option<String>,
}

/// Another role.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    /// The role.
    pub(super) role: RoleWord,
}

/// An invitation to be made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationChoices {
    /// What who accepts it becomes.
    role: RoleWord,
    /// The address that an account must name to accept it, and where a mail goes if mail can be
    /// sent; anybody with the link can if this is left out.
    #[serde(default)]
    email: Option<String>,
    /// For how many days it is good, 1 to 90; 7 if this is left out.
    #[serde(default)]
    expires_in_days: Option<u32>,
}

/// An invitation that can still be accepted.
#[derive(Object)]
pub(super) struct InvitationView {
    id: String,
    role: RoleWord,
    email: Option<String>,
    /// Who invites.
    invited_by: Option<String>,
    created_at: String,
    expires_at: String,
}

/// An invitation that was just made.
#[derive(Object)]
pub(super) struct MadeInvitationView {
    /// What goes into the link, shown this once. A repeated request (`Idempotency-Key`) does not
    /// get it again.
    pub(super) token: Option<String>,
    /// The address to give away, with the token in it; nothing while `server.public_url` is not
    /// set, or when the request is repeated.
    pub(super) url: Option<String>,
    #[oai(flatten)]
    pub(super) about: InvitationView,
}

/// An invitation was made.
#[derive(ApiResponse)]
pub(super) enum InvitationMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<MadeInvitationView>),
}

/// The invitations that can still be accepted, newest first.
#[derive(Object)]
pub(super) struct InvitationList {
    pub(super) items: Vec<InvitationView>,
    pub(super) next_cursor: Option<String>,
}

/// A group at a provider of sign-ins to be let in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupChoices {
    /// The provider's id, one of those that the list names.
    provider: String,
    /// What the provider calls the group, letter by letter.
    name: String,
    /// What its people are in the space: visitor, contributor or steward.
    role: RoleWord,
}

/// A group at a provider of sign-ins whose people are in the space.
#[derive(Object)]
pub(super) struct GroupView {
    id: String,
    /// The provider's name in addresses; nothing if it is not offered any more, and then nobody
    /// joins.
    provider: Option<String>,
    /// What people call the provider.
    provider_name: String,
    name: String,
    role: RoleWord,
    /// How many are in the space because of it.
    member_count: usize,
}

/// A group was let in.
#[derive(ApiResponse)]
pub(super) enum GroupMade {
    /// Let in, from the next sign-in of its people on.
    #[oai(status = 201)]
    Created(Json<GroupView>),
}

/// A provider of sign-ins that says which groups somebody is in.
#[derive(Object)]
pub(super) struct GroupProvider {
    id: String,
    name: String,
}

/// The groups whose people are in a space.
#[derive(Object)]
pub(super) struct GroupList {
    pub(super) items: Vec<GroupView>,
    /// The providers whose groups can be let in.
    pub(super) providers: Vec<GroupProvider>,
    pub(super) next_cursor: Option<String>,
}

/// The token of a link.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct TokenOnly {
    /// The token.
    pub token: String,
}

/// What an invitation offers.
#[derive(Object)]
pub(super) struct OfferView {
    space_name: String,
    /// Who invites.
    invited_by: Option<String>,
    role: RoleWord,
    /// Whether only one address can accept it.
    for_one_address: bool,
    expires_at: String,
}

pub(super) fn view(space: Space) -> SpaceView {
    SpaceView {
        id: space.id.to_string(),
        name: space.name.to_string(),
        kind: match space.kind {
            SpaceType::Personal => SpaceWord::Personal,
            SpaceType::Shared => SpaceWord::Shared,
        },
        role: space.role.into(),
        member_count: space.members,
        created_at: space.created_at.to_string(),
    }
}

pub(super) fn member_view(
    services: &Services,
    who: &Principal,
    role: Role,
    member: &Member,
) -> Answer<MemberView> {
    let account = services.accounts.account(member.account).map_err(Fault::from)?;
    let me = member.account == who.account;
    let email = (me || role >= Role::Steward).then(|| account.email.as_str().to_owned());
    Ok(MemberView {
        account_id: member.account.to_string(),
        display_name: account.display_name.to_string(),
        email,
        role: member.role.into(),
        me,
        by_group: member.group.is_some(),
        joined_at: member.since.to_string(),
    })
}

pub(super) fn new_invitation(
    services: &Services,
    who: &Principal,
    sent: InvitationChoices,
) -> Answer<NewInvitation> {
    let mut fields = Fields::default();
    let email = sent.email.and_then(|text| {
        let email = Email::new(&text);
        if email.is_none() {
            fields.fault(FieldProblem::NotAnAddress, "/email", "must be an e-mail address");
        }
        email
    });
    let days = sent.expires_in_days.unwrap_or(USUAL_DAYS);
    let days = fields.bounded("/expires_in_days", days, 1..=MOST_DAYS);
    let days = fields.with(days)?;
    let lasts = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let post = services.notifications.posts_invitations(who.locale.clone());
    Ok(NewInvitation { role: sent.role.into(), email, lasts, post: Some(post) })
}

pub(super) fn invitation_view(services: &Services, invitation: Invitation) -> InvitationView {
    InvitationView {
        id: invitation.id.to_string(),
        role: invitation.role.into(),
        email: invitation.email,
        invited_by: name_of(services, invitation.by),
        created_at: invitation.created_at.to_string(),
        expires_at: invitation.expires_at.to_string(),
    }
}

pub(super) fn offer_view(services: &Services, offer: Offer) -> OfferView {
    OfferView {
        space_name: offer.space_name.to_string(),
        invited_by: name_of(services, offer.by),
        role: offer.role.into(),
        for_one_address: offer.email.is_some(),
        expires_at: offer.expires_at.to_string(),
    }
}

pub(super) fn group_providers(services: &Services) -> Vec<GroupProvider> {
    let providers = services.identities.providers();
    let telling = providers.iter().filter(|provider| provider.groups_claim.is_some());
    telling.map(|one| GroupProvider { id: one.id.clone(), name: one.name.clone() }).collect()
}

pub(super) fn new_group(services: &Services, sent: GroupChoices) -> Answer<NewGroup> {
    let mut fields = Fields::default();
    let providers = services.identities.providers();
    let named = providers.iter().find(|one| one.id == sent.provider);
    let telling = named.and_then(|one| Some((one.oidc.issuer(), one.groups_claim.as_deref()?)));
    if telling.is_none() {
        fields.fault(FieldProblem::Unknown, "/provider", "must be a provider that tells groups");
    }
    let name: Option<Text<1, 200>> = fields.text("/name", sent.name);
    if matches!(sent.role, RoleWord::Owner) {
        fields.fault(FieldProblem::NotAllowed, "/role", "must be visitor, contributor or steward");
    }
    let ((issuer, claim), name) = fields.with(telling.zip(name))?;
    let (issuer, claim) = (issuer.to_owned(), claim.to_owned());
    let said = SaidGroup { issuer, claim, name: name.into_string() };
    Ok(NewGroup { said, role: sent.role.into() })
}

pub(super) fn group_view(services: &Services, group: &Group, members: &[Member]) -> GroupView {
    let (provider, provider_name) = services.identities.name_of(&group.said.issuer);
    // Said in another claim now, it brings nobody in until its owner lets it in again.
    let provider = provider.filter(|_| services.identities.tells(&group.said));
    GroupView {
        id: group.id.to_string(),
        provider,
        provider_name,
        name: group.said.name.clone(),
        role: group.role.into(),
        member_count: members.iter().filter(|member| member.group == Some(group.id)).count(),
    }
}

/// What an account calls itself; nothing if it is gone.
fn name_of(services: &Services, account: AccountId) -> Option<String> {
    let account = services.accounts.account(account).ok()?;
    Some(account.display_name.to_string())
}
