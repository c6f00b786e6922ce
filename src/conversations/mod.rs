//! Conversations: questions to a clone, and answers that say which memories they come from.
//!
//! A conversation is a tree of messages: an answer that is written again stands beside the first
//! one. Only the account that holds a conversation can read it.

mod agreed;
mod ask;
mod citations;
mod deciding;
mod disclosure;
mod error;
mod examine;
mod export;
mod forget;
mod keep;
mod leave;
mod live;
mod model;
pub mod personal;
mod prompt;
mod reply;
mod retention;
mod rows;
mod visible;
mod withheld;

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::{Action, Principal, Role};
use crate::accounts::Accounts;
use crate::clones::{self, CloneError, Providers};
use crate::jobs::{Eraser, Subject, Tasks};
use crate::kernel::points::{Point, pass};
use crate::kernel::{
    AccountId, Clock, CloneId, ConversationId, MessageId, Page, PageRequest, Text,
};
use crate::providers::LanguageModel;
use crate::retrieval::Retrieval;
use crate::share_links::ShareLinks;
use crate::store::{Direction, Portion, Range, Rows, Store, StoreError, WriteTx, page_of};

use withheld::Reading;

pub use disclosure::statement;
pub use error::ConversationError;
pub use examine::ConversationExaminer;
pub use export::{ExportFormat, export};
pub use forget::{citing, forget_quotes_in};
pub use keep::{forget_visitor_in, restore_in};
pub use leave::{hand_over_in, held_by, uncount_in};
pub use live::{Answer, Event, Failure, Listener, Live};
pub use model::{
    Author, Citation, Conversation, ConversationChange, Feedback, Message, Said, Status, Tokens,
};
pub use retention::{KEPT_DAYS, Retention, is_over, over};
pub use rows::{TABLES, count_messages, reseal_in};

/// The providers of answers by their id; there is always the one that only quotes.
#[derive(Clone)]
pub struct Models {
    by_id: Arc<HashMap<String, Arc<dyn LanguageModel>>>,
    quoting: Arc<dyn LanguageModel>,
}

impl Models {
    /// The quoting provider and the others.
    pub fn new(quoting: Arc<dyn LanguageModel>, others: Vec<Arc<dyn LanguageModel>>) -> Self {
        let by_id = others.into_iter().map(|model| (model.id().to_owned(), model)).collect();
        Self { by_id: Arc::new(by_id), quoting }
    }

    fn get(&self, id: &str) -> Arc<dyn LanguageModel> {
        Arc::clone(self.by_id.get(id).unwrap_or(&self.quoting))
    }
}

/// What conversations are made with.
pub struct Parts {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// What runs them.
    pub tasks: Tasks,
    /// What finds passages.
    pub retrieval: Retrieval,
    /// What a clone's settings come to.
    pub providers: Providers,
    /// Who answers.
    pub models: Models,
    /// Who asks.
    pub accounts: Accounts,
    /// By what some come who have no account.
    pub share_links: ShareLinks,
    /// How many answers may run at once.
    pub live: Live,
}

/// The conversations of this instance.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    clock: Clock,
    tasks: Tasks,
    retrieval: Retrieval,
    providers: Providers,
    models: Models,
    accounts: Accounts,
    share_links: ShareLinks,
    live: Live,
}

/// A question that was accepted, and the answer to listen to.
pub struct Begun {
    /// The question; for an answer written again, the one it answers.
    pub question: Message,
    /// The answer's identifier.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Whether the same request had begun it before.
    pub repeated: bool,
}

/// In which order messages are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they were said.
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In this conversation.
    In(ConversationId),
    /// In a new one with this clone.
    New(CloneId),
}

/// How an answer can be followed.
pub enum Following {
    /// As it happens.
    Live(Listener),
    /// It ended some time ago.
    Ended(Box<Message>),
}

impl Conversations {
    /// Conversations made with these parts; answers that a crash left open are closed first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(parts: Parts) -> Result<Self, StoreError> {
        let closed = parts.store.write(rows::close_open_in).await?;
        if closed > 0 {
            tracing::warn!(closed, "answers that broke off at the last stop are marked so");
        }
        let Parts { store, clock, tasks, retrieval, providers, .. } = parts;
        let Parts { models, accounts, share_links, live, .. } = parts;
        Ok(Self { store, clock, tasks, retrieval, providers, models, accounts, share_links, live })
    }

    /// The messages of a conversation.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn messages(
        &self,
        who: &Principal,
        id: ConversationId,
        order: Order,
        page: &PageRequest,
    ) -> Result<Page<Message>, ConversationError> {
        self.store.read(|tx| {
            let (conversation, role) = opened(tx, who, id)?;
            let mut reading = Reading::of(tx, (who.account, role), conversation.clone);
            let range = Range::prefix(&id);
            let direction = match order {
                Order::OldestFirst => Direction::Up,
                Order::NewestFirst => Direction::Down,
            };
            page_of(tx, &rows::MESSAGES, range, direction, page, |(_, m), row| {
                Ok(Some(reading.shown(rows::message_of(id, m, row))?))
            })
        })
    }

    /// One message.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn message(
        &self,
        who: &Principal,
        conversation: ConversationId,
        id: MessageId,
    ) -> Result<Message, ConversationError> {
        self.store.read(|tx| {
            let (conversation, role) = opened(tx, who, conversation)?;
            let message = rows::message(tx, conversation.id, id)?;
            let message = message.ok_or(ConversationError::Missing)?;
            Ok(Reading::of(tx, (who.account, role), conversation.clone).shown(message)?)
        })
    }

    /// How many answers are being written.
    pub fn running(&self) -> usize {
        self.live.running()
    }
}

/// Stores an answer as far as it has come. One whose conversation was erased meanwhile is
/// dropped.
fn store_answer_in(tx: &mut WriteTx<'_>, answer: &Message) -> Result<(), StoreError> {
    let Some(stored) = rows::message(tx, answer.conversation, answer.id)? else {
        return Ok(());
    };
    // A rating may have come while it was being written.
    let answer = Message { feedback: stored.feedback, ..answer.clone() };
    pass(Point::AnswerKept);
    rows::put_message_in(tx, &answer)
}

fn own(
    tx: &impl Rows,
    who: &Principal,
    id: ConversationId,
) -> Result<Conversation, ConversationError> {
    opened(tx, who, id).map(|(conversation, _)| conversation)
}

/// A conversation of the asker, and what they are to its clone.
fn opened(
    tx: &impl Rows,
    who: &Principal,
    id: ConversationId,
) -> Result<(Conversation, Role), ConversationError> {
    let conversation = rows::conversation(tx, id)?
        .filter(|c| c.account == who.account && c.deleted_at.is_none())
        .ok_or(ConversationError::Missing)?;
    // A clone that is gone, or not the asker's to see any more, takes its conversations along.
    match clones::open(tx, who, conversation.clone, Action::ReadClone) {
        Ok((_, role)) => Ok((conversation, role)),
        Err(CloneError::Store(error)) => Err(error.into()),
        Err(_) => Err(ConversationError::Missing),
    }
}

/// Who holds a conversation and what it is called: its title, or the name of its clone.
///
/// # Errors
/// When the store fails.
pub fn holder_of(
    tx: &impl Rows,
    id: ConversationId,
) -> Result<Option<(AccountId, CloneId, String)>, StoreError> {
    let found = rows::conversation(tx, id)?.filter(|c| c.deleted_at.is_none());
    let Some(Conversation { account, clone, title, .. }) = found else { return Ok(None) };
    let title = match title.map(Text::into_string).filter(|title| !title.is_empty()) {
        Some(title) => title,
        None => clones::name_of(tx, clone)?.unwrap_or_default(),
    };
    Ok(Some((account, clone, title)))
}

/// The name of a clone, if the asker can see it.
fn open_name(
    tx: &impl Rows,
    who: &Principal,
    clone: CloneId,
) -> Result<Option<String>, StoreError> {
    match clones::open(tx, who, clone, Action::ReadClone) {
        Ok((persona, _)) => Ok(Some(persona.profile.name.to_string())),
        Err(CloneError::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Removes what this slice knows of an account or a clone.
pub struct ConversationEraser;

impl Eraser for ConversationEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account, room),
            Subject::Clone(clone) => {
                retention::forget_in(tx, clone);
                rows::erase_clone_in(tx, clone, room)
            }
            Subject::Conversation(id) => rows::erase_conversation_in(tx, id, room),
            _ => Ok(()),
        }
    }
}
