//! Share links: made and revoked by whoever may share a clone, and looked at by whoever came by
//! one.

use std::time::Duration;

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use super::clones::SubjectWord;
use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services};
use crate::conversations::statement;
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Owning, Reading, Visiting};
use crate::http::body::Body;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem, Timestamp};
use crate::share_links::{NewShareLink, ShareLink, ShareState, Welcome};

pub struct ShareLinkApi;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days that a link is good when nothing is said, and at most.
const USUAL_DAYS: u32 = 30;
const MOST_DAYS: u32 = 366;
/// Messages of all visitors together when nothing is said, and at most.
const USUAL_BUDGET: u32 = 200;
const MOST_BUDGET: u32 = 10_000;
/// The same within an hour.
const USUAL_PER_HOUR: u32 = 30;
const MOST_PER_HOUR: u32 = 1_000;

/// A share link to be made.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct ShareLinkChoices {
    /// What to call it.
    label: Option<String>,
    /// When it ends, within a year; in 30 days if this is left out.
    expires_at: Option<String>,
    /// Messages that all who have the link may send together; 200 if this is left out.
    message_budget: Option<u32>,
    /// How many of them within an hour; 30 if this is left out.
    messages_per_hour: Option<u32>,
}

/// Whether a share link works.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ShareStateWord {
    /// It does.
    Open,
    /// All its messages were sent; what was said can still be read.
    Spent,
    /// It has ended.
    Expired,
    /// Who made it may not share the clone any more, for now or for good.
    Paused,
}

/// A share link, without its token.
#[derive(Object)]
struct ShareLinkView {
    id: String,
    clone_id: String,
    label: Option<String>,
    /// How the token begins.
    prefix: String,
    /// The account that made it.
    created_by: String,
    created_by_name: Option<String>,
    created_at: String,
    expires_at: String,
    message_budget: u32,
    messages_per_hour: u32,
    messages_used: u32,
    /// How many people have talked through it, as far as they can be told apart.
    visitors: usize,
    last_used_at: Option<String>,
    state: ShareStateWord,
}

/// A share link that was just made.
#[derive(Object)]
struct MadeShareLinkView {
    /// The token itself, shown this once. A repeated request (`Idempotency-Key`) does not get it
    /// again.
    token: Option<String>,
    /// The address to give away, with the token behind the `#`; nothing while `server.public_url`
    /// is not set, or when the request is repeated.
    url: Option<String>,
    #[oai(flatten)]
    about: ShareLinkView,
}

/// The share links of a clone, newest first.
#[derive(Object)]
struct ShareLinkList {
    items: Vec<ShareLinkView>,
    next_cursor: Option<String>,
}

/// A share link was made.
#[derive(ApiResponse)]
enum ShareLinkMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<MadeShareLinkView>),
}

/// What somebody who came by a share link may know of it.
#[derive(Object)]
struct WelcomeView {
    clone_id: String,
    clone_name: String,
    description: Option<String>,
    greeting: Option<String>,
    language: Option<String>,
    subject: SubjectWord,
    /// Always: nobody but the clone answers.
    ai_generated: bool,
    /// The same in a sentence, in the clone's language.
    ai_disclosure: String,
    expires_at: String,
    /// For all who have the link together.
    messages_left: u32,
}

#[OpenApi]
impl ShareLinkApi {
    /// The share links of a clone
    #[oai(
        path = "/clones/:clone_id/share-links",
        method = "get",
        operation_id = "list_share_links",
        tag = "Group::Sharing"
    )]
    async fn list(&self, ask: Ask<Reading>, clone_id: Path<String>) -> Answer<Json<ShareLinkList>> {
        let links = ask.share_links.list(&ask.who, path_id(&clone_id.0)?)?;
        let items = links.into_iter().map(|link| view(&ask, link)).collect();
        Ok(Json(ShareLinkList { items, next_cursor: None }))
    }

    /// Make a share link
    ///
    /// Whoever has it talks with this one clone, without an account, as a visitor.
    #[oai(
        path = "/clones/:clone_id/share-links",
        method = "post",
        operation_id = "create_share_link",
        tag = "Group::Sharing"
    )]
    async fn create(
        &self,
        ask: Ask<Owning>,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<Option<ShareLinkChoices>>,
    ) -> Answer<ShareLinkMade> {
        let clone = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let new = new_link(body.0.unwrap_or_default(), ask.clock.now())?;
        let made = ask.share_links.create(&ask.who, clone, new, once).await?;
        let token = made.token.map(|token| token.reveal().clone());
        let url = token.as_deref().and_then(|token| ask.links.to_share(token));
        let about = view(&ask, made.link);
        Ok(ShareLinkMade::Created(Json(MadeShareLinkView { token, url, about })))
    }

    /// Revoke a share link
    ///
    /// What its visitors said is erased with it.
    #[oai(
        path = "/clones/:clone_id/share-links/:share_link_id",
        method = "delete",
        operation_id = "revoke_share_link",
        tag = "Group::Sharing"
    )]
    async fn revoke(
        &self,
        ask: Ask<Owning>,
        clone_id: Path<String>,
        share_link_id: Path<String>,
    ) -> Answer<Done> {
        let (clone, link) = (path_id(&clone_id.0)?, path_id(&share_link_id.0)?);
        ask.share_links.revoke(&ask.who, clone, link).await?;
        Ok(Done::Done)
    }

    /// What the caller's share link opens
    #[oai(path = "/share", method = "get", operation_id = "get_share", tag = "Group::Sharing")]
    async fn welcome(&self, ask: Ask<Visiting>) -> Answer<Json<WelcomeView>> {
        Ok(Json(welcome(ask.share_links.welcome(&ask.who)?)))
    }
}

fn new_link(sent: ShareLinkChoices, now: Timestamp) -> Result<NewShareLink, Fault> {
    let mut fields = Fields::default();
    let label = fields.optional("/label", sent.label);
    let expires_at = match sent.expires_at {
        Some(text) => fields.moment("/expires_at", &text),
        None => Some(now.plus(DAY * USUAL_DAYS)),
    };
    if expires_at.is_some_and(|until| until > now.plus(DAY * MOST_DAYS)) {
        fields.fault(
            FieldProblem::OutOfRange,
            "/expires_at",
            "must lie in the future, within a year",
        );
    }
    let budget = sent.message_budget.unwrap_or(USUAL_BUDGET);
    let budget = fields.bounded("/message_budget", budget, 1..=MOST_BUDGET);
    let per_hour = sent.messages_per_hour.unwrap_or(USUAL_PER_HOUR);
    let per_hour = fields.bounded("/messages_per_hour", per_hour, 1..=MOST_PER_HOUR);
    let good = fields.with(expires_at.zip(budget.zip(per_hour)))?;
    let (expires_at, (budget, per_hour)) = good;
    Ok(NewShareLink { label, expires_at, budget, per_hour })
}

fn view(services: &Services, link: ShareLink) -> ShareLinkView {
    let by = services.accounts.account(link.by).ok();
    ShareLinkView {
        id: link.id.to_string(),
        clone_id: link.clone.to_string(),
        label: link.label.map(|label| label.into_string()).filter(|label| !label.is_empty()),
        prefix: link.prefix,
        created_by: link.by.to_string(),
        created_by_name: by.map(|account| account.display_name.to_string()),
        created_at: link.created_at.to_string(),
        expires_at: link.expires_at.to_string(),
        message_budget: link.budget,
        messages_per_hour: link.per_hour,
        messages_used: link.used,
        visitors: link.visitors,
        last_used_at: link.last_used_at.map(|at| at.to_string()),
        state: match link.state {
            ShareState::Open => ShareStateWord::Open,
            ShareState::Spent => ShareStateWord::Spent,
            ShareState::Expired => ShareStateWord::Expired,
            ShareState::Paused => ShareStateWord::Paused,
        },
    }
}

fn welcome(welcome: Welcome) -> WelcomeView {
    let words = |text: Option<String>| text.filter(|text| !text.is_empty());
    let language = welcome.language.as_deref().unwrap_or("en");
    let ai_disclosure = statement(language, &welcome.name);
    WelcomeView {
        ai_disclosure,
        clone_id: welcome.clone.to_string(),
        clone_name: welcome.name.into_string(),
        description: words(welcome.description.map(|text| text.into_string())),
        greeting: words(welcome.greeting.map(|text| text.into_string())),
        language: welcome.language.map(|text| text.into_string()),
        subject: welcome.subject.into(),
        ai_generated: true,
        expires_at: welcome.expires_at.to_string(),
        messages_left: welcome.messages_left,
    }
}
