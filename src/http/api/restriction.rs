//! Having the processing restricted: what is an account's is stored, and nothing else.

use poem_openapi::{ApiResponse, OpenApi};

use super::Group;
use crate::http::auth::{Ask, Owning};
use crate::http::problem::Answer;
use crate::kernel::Fault;

pub struct RestrictionApi;

/// The answer to a change of the restriction.
#[derive(ApiResponse)]
enum Changed {
    /// It is so from now on.
    #[oai(status = 204)]
    Done,
}

#[OpenApi]
impl RestrictionApi {
    /// Only store what is the account's
    ///
    /// From this moment on nobody is shown what the account has written, no search finds it and no
    /// answer is made from it; nobody can talk with the clones of its spaces, and it adds nothing
    /// itself. It can still be taken along and erased. Asking again changes nothing.
    #[oai(
        path = "/auth/me/restriction",
        method = "put",
        operation_id = "restrict_me",
        tag = "Group::Identity"
    )]
    async fn restrict(&self, ask: Ask<Owning>) -> Answer<Changed> {
        let account = ask.who.account;
        ask.restrictions.restrict(account).await.map_err(Fault::from)?;
        ask.conversations.stop_all_of(account);
        Ok(Changed::Done)
    }

    /// Use again what is the account's
    ///
    /// It is shown to those who could read it at once, and found within moments.
    #[oai(
        path = "/auth/me/restriction",
        method = "delete",
        operation_id = "lift_restriction",
        tag = "Group::Identity"
    )]
    async fn lift(&self, ask: Ask<Owning>) -> Answer<Changed> {
        ask.restrictions.lift(ask.who.account).await.map_err(Fault::from)?;
        Ok(Changed::Done)
    }
}
