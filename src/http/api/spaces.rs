//! Spaces: with whom clones are shared, and as what.

mod views;

use self::views::{
    GroupChoices, GroupList, GroupMade, InvitationChoices, InvitationList, InvitationMade,
    MadeInvitationView, MemberChange, MemberList, MemberView, OfferView, SpaceChange, SpaceList,
    SpaceMade, SpaceName, SpaceView, group_providers, group_view, invitation_view, member_view,
    new_group, new_invitation, offer_view, view,
};
pub use self::views::{RoleWord, TokenOnly};

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services};
use crate::access::{Need, Role, permit};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Open, Owning, OwningFresh, Reading};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged, tagged};
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::kernel::{AccountId, Fault, SpaceId, TokenHash};
use crate::spaces::{Space, SpaceError};

pub struct SpaceApi;

#[OpenApi]
impl SpaceApi {
    /// The spaces the caller is in
    #[oai(path = "/spaces", method = "get", operation_id = "list_spaces", tag = "Group::Spaces")]
    async fn list(&self, ask: Ask<Reading>) -> Answer<Json<SpaceList>> {
        // What opens some clones only knows nothing of with whom they are shared.
        let spaces = match ask.who.is_narrow() {
            true => Vec::new(),
            false => ask.spaces.of(ask.who.account).map_err(Fault::from)?,
        };
        let items = spaces.into_iter().map(view).collect();
        Ok(Json(SpaceList { items, next_cursor: None }))
    }

    /// Make a shared space
    #[oai(path = "/spaces", method = "post", operation_id = "create_space", tag = "Group::Spaces")]
    async fn create(
        &self,
        ask: Ask<Owning>,
        asked: Asked,
        body: Body<SpaceName>,
    ) -> Answer<SpaceMade> {
        let once = asked.once(&ask.who, &body.1, &ask);
        let mut fields = Fields::default();
        let name = fields.text("/name", body.0.name);
        let name = fields.with(name)?;
        let space = ask.spaces.create(ask.who.account, name, once).await.map_err(Fault::from)?;
        Ok(SpaceMade::Created(Json(view(space))))
    }

    /// One space
    #[oai(
        path = "/spaces/:space_id",
        method = "get",
        operation_id = "get_space",
        tag = "Group::Spaces"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        space_id: Path<String>,
    ) -> Answer<Tagged<Json<SpaceView>>> {
        let id = path_id(&space_id.0)?;
        if ask.who.is_narrow() {
            return Err(Fault::not_found().into());
        }
        Ok(tagged(view(ask.spaces.space(ask.who.account, id).map_err(Fault::from)?)))
    }

    /// Rename a space
    #[oai(
        path = "/spaces/:space_id",
        method = "patch",
        operation_id = "change_space",
        tag = "Group::Spaces"
    )]
    async fn change(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        known: IfMatch,
        body: Body<SpaceChange>,
    ) -> Answer<Tagged<Json<SpaceView>>> {
        let id = path_id(&space_id.0)?;
        let mut fields = Fields::default();
        let name = fields.replace("/name", body.0.name, |fields, name| fields.text("/name", name));
        fields.done()?;
        let account = ask.who.account;
        let expected = known.expected(|| seen(&ask, account, id))?;
        let space = match name {
            Some(name) => ask.spaces.rename(account, id, name, expected).await,
            None => ask.spaces.space(account, id),
        };
        Ok(tagged(view(space.map_err(Fault::from)?)))
    }

    /// Delete a shared space with its content
    ///
    /// Its clones go into the owner's trash and can be brought back into the owner's personal
    /// space.
    #[oai(
        path = "/spaces/:space_id",
        method = "delete",
        operation_id = "delete_space",
        tag = "Group::Spaces"
    )]
    async fn delete(
        &self,
        ask: Ask<OwningFresh>,
        space_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let id = path_id(&space_id.0)?;
        let expected = known.expected(|| seen(&ask, ask.who.account, id))?;
        for clone in ask.clones.delete_space(&ask.who, id, expected).await? {
            ask.conversations.stop_all_from(clone);
        }
        Ok(Done::Done)
    }

    /// Who is in a space
    #[oai(
        path = "/spaces/:space_id/members",
        method = "get",
        operation_id = "list_members",
        tag = "Group::Spaces"
    )]
    async fn members(&self, ask: Ask<Owning>, space_id: Path<String>) -> Answer<Json<MemberList>> {
        let id = path_id(&space_id.0)?;
        let space = ask.spaces.space(ask.who.account, id).map_err(Fault::from)?;
        let members = ask.spaces.members(ask.who.account, id).map_err(Fault::from)?;
        let mut items = Vec::with_capacity(members.len());
        for member in members {
            items.push(member_view(&ask, &ask.who, space.role, &member)?);
        }
        Ok(Json(MemberList { items, next_cursor: None }))
    }

    /// Give a member another role
    ///
    /// Making somebody the owner hands the space over; who did so is a steward from then on.
    #[oai(
        path = "/spaces/:space_id/members/:account_id",
        method = "patch",
        operation_id = "change_member",
        tag = "Group::Spaces"
    )]
    async fn change_member(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        account_id: Path<String>,
        body: Body<MemberChange>,
    ) -> Answer<Json<MemberView>> {
        let (id, member) = (path_id(&space_id.0)?, path_id(&account_id.0)?);
        let role = Role::from(body.0.role);
        if role == Role::Owner {
            permit(&ask.who, Need::Fresh, ask.clock.now()).map_err(Fault::from)?;
        }
        let own = ask.who.account;
        let member = ask.spaces.change_role(own, id, member, role).await.map_err(Fault::from)?;
        let space = ask.spaces.space(own, id).map_err(Fault::from)?;
        Ok(Json(member_view(&ask, &ask.who, space.role, &member)?))
    }

    /// Take a member out of a space, or leave it
    #[oai(
        path = "/spaces/:space_id/members/:account_id",
        method = "delete",
        operation_id = "remove_member",
        tag = "Group::Spaces"
    )]
    async fn remove_member(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        account_id: Path<String>,
    ) -> Answer<Done> {
        let (id, member) = (path_id(&space_id.0)?, path_id(&account_id.0)?);
        ask.spaces.remove_member(ask.who.account, id, member).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// The invitations that can still be accepted
    #[oai(
        path = "/spaces/:space_id/invitations",
        method = "get",
        operation_id = "list_invitations",
        tag = "Group::Spaces"
    )]
    async fn invitations(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
    ) -> Answer<Json<InvitationList>> {
        let id = path_id(&space_id.0)?;
        let open = ask.spaces.invitations(ask.who.account, id).map_err(Fault::from)?;
        let items = open.into_iter().map(|invitation| invitation_view(&ask, invitation));
        Ok(Json(InvitationList { items: items.collect(), next_cursor: None }))
    }

    /// Invite somebody into a space
    ///
    /// The answer holds the token of the link once. With an address, only an account with that
    /// address can accept.
    #[oai(
        path = "/spaces/:space_id/invitations",
        method = "post",
        operation_id = "invite",
        tag = "Group::Spaces"
    )]
    async fn invite(
        &self,
        ask: Ask<Owning>,
        asked: Asked,
        space_id: Path<String>,
        body: Body<InvitationChoices>,
    ) -> Answer<InvitationMade> {
        let id = path_id(&space_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let new = new_invitation(&ask, &ask.who, body.0)?;
        let made = ask.spaces.invite(ask.who.account, id, new, once).await.map_err(Fault::from)?;
        let token = made.token.map(|token| token.reveal().to_owned());
        let url = token.as_deref().and_then(|token| ask.links.to_invitation(token));
        let about = invitation_view(&ask, made.invitation);
        Ok(InvitationMade::Created(Json(MadeInvitationView { token, url, about })))
    }

    /// Withdraw an invitation
    #[oai(
        path = "/spaces/:space_id/invitations/:invitation_id",
        method = "delete",
        operation_id = "withdraw_invitation",
        tag = "Group::Spaces"
    )]
    async fn withdraw(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        invitation_id: Path<String>,
    ) -> Answer<Done> {
        let (id, invitation) = (path_id(&space_id.0)?, path_id(&invitation_id.0)?);
        ask.spaces.withdraw(ask.who.account, id, invitation).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// The groups of sign-in providers whose people are in a space
    #[oai(
        path = "/spaces/:space_id/groups",
        method = "get",
        operation_id = "list_space_groups",
        tag = "Group::Spaces"
    )]
    async fn groups(&self, ask: Ask<Owning>, space_id: Path<String>) -> Answer<Json<GroupList>> {
        let (own, id) = (ask.who.account, path_id(&space_id.0)?);
        let groups = ask.spaces.groups(own, id).map_err(Fault::from)?;
        let members = ask.spaces.members(own, id).map_err(Fault::from)?;
        let items = groups.iter().map(|group| group_view(&ask, group, &members)).collect();
        Ok(Json(GroupList { items, providers: group_providers(&ask), next_cursor: None }))
    }

    /// Let the people of a group into a space
    ///
    /// Whoever signs in at the provider and is in the group there joins with the role; who has
    /// left the group is taken out at the next sign-in there. The same group again changes its
    /// role. It must be a group that the provider said the caller is in, unless the caller
    /// administers the server.
    #[oai(
        path = "/spaces/:space_id/groups",
        method = "post",
        operation_id = "let_space_group_in",
        tag = "Group::Spaces"
    )]
    async fn let_group_in(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        body: Body<GroupChoices>,
    ) -> Answer<GroupMade> {
        let (own, id) = (ask.who.account, path_id(&space_id.0)?);
        // Who has no right to the space hears of that first.
        ask.spaces.owned(own, id).map_err(Fault::from)?;
        let new = new_group(&ask, body.0)?;
        let group = ask.spaces.let_group_in(own, id, new).await.map_err(Fault::from)?;
        let members = ask.spaces.members(own, id).map_err(Fault::from)?;
        Ok(GroupMade::Created(Json(group_view(&ask, &group, &members))))
    }

    /// Let a group in no more
    ///
    /// Whom it brought is taken out at once.
    #[oai(
        path = "/spaces/:space_id/groups/:group_id",
        method = "delete",
        operation_id = "shut_space_group_out",
        tag = "Group::Spaces"
    )]
    async fn shut_group_out(
        &self,
        ask: Ask<Owning>,
        space_id: Path<String>,
        group_id: Path<String>,
    ) -> Answer<Done> {
        let (id, group) = (path_id(&space_id.0)?, path_id(&group_id.0)?);
        ask.spaces.shut_group_out(ask.who.account, id, group).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// What an invitation offers
    ///
    /// For whoever holds its token, signed in or not.
    #[oai(
        path = "/invitations/show",
        method = "post",
        operation_id = "show_invitation",
        tag = "Group::Spaces"
    )]
    async fn show(
        &self,
        services: Open,
        gate: Gate,
        body: Body<TokenOnly>,
    ) -> Answer<Json<OfferView>> {
        let pass = gate.admit()?;
        let offer = services.spaces.offer(&TokenHash::of(&body.0.token)).map_err(Fault::from)?;
        pass.refund();
        Ok(Json(offer_view(&services, offer)))
    }

    /// Join a space by an invitation
    #[oai(
        path = "/invitations/accept",
        method = "post",
        operation_id = "accept_invitation",
        tag = "Group::Spaces"
    )]
    async fn accept(
        &self,
        ask: Ask<Owning>,
        gate: Gate,
        body: Body<TokenOnly>,
    ) -> Answer<Json<SpaceView>> {
        let pass = gate.admit()?;
        let account = ask.accounts.account(ask.who.account).map_err(Fault::from)?;
        let space = ask.spaces.accept(&account, &body.0.token).await.map_err(Fault::from)?;
        pass.refund();
        Ok(Json(view(ask.spaces.space(account.id, space).map_err(Fault::from)?)))
    }
}

/// A space as the caller would see it now, with its tag.
fn seen(services: &Services, account: AccountId, id: SpaceId) -> Result<(Etag, Space), SpaceError> {
    let space = services.spaces.space(account, id)?;
    Ok((Etag::of_view(&view(space.clone())), space))
}
