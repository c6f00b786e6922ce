//! Who asks: the one extractor that turns what a request carries into a [`Principal`], and the
//! only way for a handler to get at the services.
//!
//! A handler names what it needs as the type of its first parameter: [`Ask`] with a need, or
//! [`Open`] for what anybody may call. Without one of them it has no services to do anything
//! with. A request that names its own proof (`Authorization`, `X-API-Key`) is judged by that
//! alone; its cookies are not looked at. A cookie counts for unsafe methods only when the
//! request was made by our own pages.

use std::marker::PhantomData;
use std::ops::Deref;

use poem::http::header::{AUTHORIZATION, HeaderValue};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::api::Services;
use super::client::Client;
use super::cookies::Cookie;
use super::footnotes::Footnotes;
use super::origin::same_origin;
use super::problem::Problem;
use crate::access::{Need, Principal, Proof, Refusal, permit};
use crate::accounts::AccountError;
use crate::api_keys::ApiKeyError;
use crate::break_glass::Opened;
use crate::kernel::{Fault, Kind};
use crate::sessions::SignInBy;

/// The services, out of a handler's reach until somebody was let in.
#[derive(Clone)]
pub struct Door(Services);

impl Door {
    /// Behind it are these.
    pub fn new(services: Services) -> Self {
        Self(services)
    }

    pub(super) fn of(request: &Request) -> Result<&Services, Problem> {
        let door: Option<&Self> = request.data();
        door.map(|door| &door.0).ok_or_else(|| Fault::internal("a route without services").into())
    }
}

/// A need, as a type that a handler can name.
pub trait Needs: Send + Sync + 'static {
    /// The need.
    const NEED: Need;
    /// The proofs that can be enough, as the document names them; a scope follows a colon.
    const PROOFS: &'static [&'static str];
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $need:ident, $proofs:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl Needs for $name {
                const NEED: Need = Need::$need;
                const PROOFS: &'static [&'static str] = &$proofs;
            }
        )*
    };
}

needs! {
    /// Reads clones and what belongs to them.
    Reading: Read, ["bearer", "api_key:read", "session"];
    /// Adds, changes or deletes them.
    Writing: Write, ["bearer", "api_key:write", "session"];
    /// Talks with a clone.
    Chatting: Chat, ["bearer", "api_key:chat", "session", "share"];
    /// Reads conversations.
    ReadingChats: ReadChat, ["bearer", "api_key:read", "api_key:chat", "session", "share"];
    /// Looks at the share link that it came by.
    Visiting: Visit, ["share"];
    /// Concerns the account itself.
    Owning: Account, ["bearer", "session"];
    /// The same, shortly after the person proved who they are.
    OwningFresh: Fresh, ["bearer", "session"];
    /// Looks after the instance.
    Administering: Admin, ["bearer", "session"];
    /// Changes something in the instance, shortly after proving who one is.
    AdministeringFresh: FreshAdmin, ["bearer", "session"];
}

/// Somebody who was let in, what they asked to do, and the services to do it with.
pub struct Ask<N> {
    services: Services,
    /// Who asks.
    pub who: Principal,
    need: PhantomData<fn() -> N>,
}

impl<N> Deref for Ask<N> {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl<'a, N: Needs> ApiExtractor<'a> for Ask<N> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn security_schemes() -> Vec<&'static str> {
        N::PROOFS.to_vec()
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let services = Door::of(request)?;
        let let_in = || -> Result<Principal, Fault> {
            let who = principal(services, request)?;
            let permitted = permit(&who, N::NEED, services.clock.now());
            let for_admins = matches!(N::NEED, Need::Admin | Need::FreshAdmin);
            let refused = matches!(permitted, Err(Refusal::AdminOnly | Refusal::PersonOnly));
            // Visitors of links have no account that it could be counted for.
            if for_admins && refused && who.share_link().is_none() {
                services.audit.count_refusal(who.account);
            }
            permitted?;
            Ok(who)
        };
        let who = let_in().map_err(Problem::from)?;
        is_here(services, request, &who).await.map_err(Problem::from)?;
        let who = with_eyes(services, request, N::NEED, who).await.map_err(Problem::from)?;
        Ok(Self { services: services.clone(), who, need: PhantomData })
    }
}

/// Whoever does something lives: what is claimed of them ends. A page that was left open reads by
/// itself, and so does a program with a key; only what a person does with a sign-in counts.
async fn is_here(services: &Services, request: &Request, who: &Principal) -> Result<(), Fault> {
    let acts = matches!(who.proof, Proof::Session { .. }) && !request.method().is_safe();
    if acts && services.legacies.is_claimed(who.account)? {
        services.legacies.is_here(who.account).await?;
    }
    Ok(())
}

/// Who asks, or the eyes that an admin has who broke the glass before the account whose thing
/// this is. Only for looking at one thing: lists without one stay the admin's own.
async fn with_eyes(
    services: &Services,
    request: &Request,
    need: Need,
    who: Principal,
) -> Result<Principal, Fault> {
    let looks = matches!(need, Need::Read | Need::ReadChat) && request.method().is_safe();
    if !looks || !who.is_admin {
        return Ok(who);
    }
    let Some(thing) = looked_at(request.uri().path()) else { return Ok(who) };
    Ok(services.break_glass.look(&who, thing).await?.unwrap_or(who))
}

/// The one thing below which a path of the API lies. Parameters of paths have no names here.
fn looked_at(path: &str) -> Option<Opened> {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next()?, parts.next()?) {
        ("clones", id) => id.parse().ok().map(Opened::Clone),
        ("conversations", id) => id.parse().ok().map(Opened::Conversation),
        _ => None,
    }
}

/// Whether what a request brought still opens anything: for what goes on longer than a look.
///
/// # Errors
/// That of who comes with it, if it does not.
pub fn still_in(services: &Services, who: &Principal) -> Result<(), Fault> {
    let open = match who.proof {
        Proof::Session { id, epoch, .. } => services.sessions.is_open_since(id, epoch)?,
        Proof::Key { id, .. } => services.api_keys.is_open(who.account, id)?,
        Proof::Share { .. } => return Ok(services.share_links.require(who)?),
        Proof::Glass { id, .. } => services.break_glass.is_open(id)?,
    };
    if open { Ok(()) } else { Err(not_signed_in()) }
}

/// What anybody may call, and the services to answer with.
pub struct Open(Services);

impl Deref for Open {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl<'a> FromRequest<'a> for Open {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(Door::of(request)?.clone()))
    }
}

fn principal(services: &Services, request: &Request) -> Result<Principal, Fault> {
    let headers = request.headers();
    if let Some(key) = headers.get("x-api-key") {
        let key = key.to_str().map_err(|_| not_signed_in())?;
        return by_key(services, request, key);
    }
    if let Some(proof) = headers.get(AUTHORIZATION) {
        if let Some(token) = scheme(proof, "share") {
            return by_link(services, request, token);
        }
        let token = bearer(proof).ok_or_else(not_signed_in)?;
        return Ok(services.sessions.resolve(token, SignInBy::Tokens)?.into());
    }
    let cookie = Cookie::Session.of(request).ok_or_else(not_signed_in)?;
    let signed_in = services.sessions.resolve(&cookie, SignInBy::Cookie)?;
    if !request.method().is_safe() {
        require_same_origin(services, request)?;
    }
    Ok(signed_in.into())
}

/// The account of an API key. How much is left of the key's window goes onto the answer,
/// whatever it is.
fn by_key(services: &Services, request: &Request, key: &str) -> Result<Principal, Fault> {
    let from = request.data::<Client>().and_then(|client| client.address);
    let resolved = services.api_keys.resolve(key, from);
    let left = match &resolved {
        Ok((_, left)) | Err(ApiKeyError::Spent(left)) => Some(*left),
        Err(_) => None,
    };
    let notes = request.data::<Footnotes>();
    if let (Some(left), Some(notes)) = (left, notes) {
        notes.rate("key", left);
    }
    let (holder, _) = resolved?;
    if let Some(notes) = notes {
        let (keys, owner) = (services.api_keys.clone(), (holder.account, holder.key));
        notes.when_answered(move |operation| keys.count(owner, operation));
    }
    Ok(holder.into())
}

/// A visitor of a share link. What is left of the link's hour goes onto the answer, as it is
/// when the request was dealt with.
fn by_link(services: &Services, request: &Request, token: &str) -> Result<Principal, Fault> {
    let guest = services.share_links.resolve(token)?;
    if let Some(notes) = request.data::<Footnotes>() {
        let (links, guest) = (services.share_links.clone(), guest.clone());
        notes.rate_when_answered("share", move || links.window(&guest));
    }
    Ok(guest.into())
}

/// Refuses an unsafe request with a cookie that was not made by our own pages.
pub(super) fn require_same_origin(services: &Services, request: &Request) -> Result<(), Fault> {
    if same_origin(request, services.public_url.as_ref()) {
        return Ok(());
    }
    let detail = "This request does not come from a page of this server.";
    Err(Fault::new(Kind::Forbidden, "cross_origin", detail))
}

fn not_signed_in() -> Fault {
    AccountError::NotSignedIn.into()
}

pub(super) fn bearer(value: &HeaderValue) -> Option<&str> {
    scheme(value, "bearer")
}

fn scheme<'v>(value: &'v HeaderValue, name: &str) -> Option<&'v str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then(|| token.trim())
}
