//! What happens in the one transaction of a question: may they, is it new, what is it, and who
//! will answer.

use std::collections::HashMap;

use crate::access::{Action, Principal, may};
use crate::clones::{self, Persona, Providers, Settings};
use crate::consents::{self, Consent, ConsentError};
use crate::jobs::{Once, discarded};
use crate::kernel::{AccountId, ConversationId, MessageId, Text, Timestamp};
use crate::share_links;
use crate::store::{Key as _, WriteTx};

use super::agreed::Agreement;
use super::keep::begin_in;
use super::model::{Author, Conversation, Message, Said, Status};
use super::reply::Decided;
use super::{Begun, ConversationError, Place, own, rows};

/// What the transaction of a question needs.
pub(super) struct Deciding {
    pub(super) who: Principal,
    pub(super) place: Place,
    pub(super) said: Said,
    pub(super) once: Option<Once>,
    pub(super) question: MessageId,
    pub(super) answer: MessageId,
    pub(super) asker: String,
    pub(super) now: Timestamp,
    pub(super) providers: Providers,
}

pub(super) enum Outcome {
    New(Box<Decided>),
    Replayed(Box<Begun>),
}

impl Deciding {
    pub(super) fn run_in(self, tx: &mut WriteTx<'_>) -> Result<Outcome, ConversationError> {
        // For a visitor of a share link whoever made it has agreed: the link asks for that itself.
        let answerable = share_links::answerable_in(tx, &self.who, self.now)?;
        consents::require_in(tx, answerable, Consent::DataProcessing)?;
        if let Some(begun) = self.replayed(tx)? {
            return Ok(Outcome::Replayed(Box::new(begun)));
        }
        let mut conversation = match self.place {
            Place::In(id) => own(tx, &self.who, id)?,
            Place::New(clone) => {
                clones::open(tx, &self.who, clone, Action::Talk)?;
                begin_in(tx, &self.who, clone, None, self.now)?
            }
        };
        let (persona, role) = clones::open(tx, &self.who, conversation.clone, Action::Talk)?;
        persona.require_awake_in(tx)?;
        let may_add = may(role, Action::AddMemories);
        let settings = clones::settings_of(tx, conversation.clone)?;
        let messages = rows::messages(tx, conversation.id)?;
        let question = self.question_in(tx, &mut conversation, &messages)?;
        share_links::spend_in(tx, &self.who, self.now)?;
        let (answer, outside) = self.answer_to(tx, &question, &settings, (answerable, &persona))?;
        rows::put_message_in(tx, &answer)?;
        conversation.message_count += 1;
        conversation.last_message_at = Some(self.now);
        rows::put_in(tx, &conversation)?;
        let made = [conversation.id.bytes(), answer.id.bytes()].concat();
        Once::record_in(self.once.as_ref(), tx, &made)?;
        let window = branch(&messages, question.parent);
        let Self { who, asker, .. } = self;
        let clone = persona.id;
        let agreement = Agreement { asker: answerable, clone, outside, authors: Vec::new() };
        let decided =
            Decided { who, persona, may_add, settings, question, answer, window, asker, agreement };
        Ok(Outcome::New(Box::new(decided)))
    }

    /// What the same request began the first time.
    fn replayed(&self, tx: &WriteTx<'_>) -> Result<Option<Begun>, ConversationError> {
        let Some(made) = Once::made_in::<32>(self.once.as_ref(), tx)? else {
            return Ok(None);
        };
        let (conversation, message) = <(ConversationId, MessageId)>::read(&mut made.as_slice())
            .map_err(|_| ConversationError::Missing)?;
        let conversation = own(tx, &self.who, conversation)?.id;
        let answer = rows::message(tx, conversation, message)?;
        let parent = answer.as_ref().and_then(|answer| answer.parent);
        let question = parent.map(|id| rows::message(tx, conversation, id)).transpose()?.flatten();
        let (answer, question) = answer.zip(question).ok_or(ConversationError::Missing)?;
        Ok(Some(Begun { question, message: answer.id, conversation, repeated: true }))
    }

    /// The question, stored if it is new.
    fn question_in(
        &self,
        tx: &mut WriteTx<'_>,
        conversation: &mut Conversation,
        messages: &[Message],
    ) -> Result<Message, ConversationError> {
        let find = |id: MessageId| messages.iter().find(|message| message.id == id);
        match &self.said {
            Said::Again(id) => {
                let answer = find(*id).ok_or(ConversationError::Missing)?;
                if answer.author != Author::Assistant {
                    return Err(ConversationError::NotAnAnswer);
                }
                let question = answer.parent.and_then(find).ok_or(ConversationError::Missing)?;
                Ok(question.clone())
            }
            Said::New { content, parent } => {
                let parent = match parent {
                    Some(id) => Some(find(*id).ok_or(ConversationError::WrongParent)?.id),
                    None => messages.last().map(|message| message.id),
                };
                let mut question = Message::blank(conversation.id, Author::User, self.now);
                question.id = self.question;
                question.parent = parent;
                question.content = content.to_string();
                rows::put_message_in(tx, &question)?;
                conversation.message_count += 1;
                if conversation.title.is_none() {
                    conversation.title = Text::new(discarded::title_from(content)).ok();
                }
                Ok(question)
            }
        }
    }

    /// The empty answer, and the host that it will be written at if others run that: what may not
    /// leave is answered here.
    fn answer_to(
        &self,
        tx: &WriteTx<'_>,
        question: &Message,
        settings: &Settings,
        (answerable, persona): (AccountId, &Persona),
    ) -> Result<(Message, Option<String>), ConversationError> {
        let mut effective = self.providers.effective(settings);
        let mut answer = Message::blank(question.conversation, Author::Assistant, self.now);
        if let Some(host) = effective.outside.as_deref() {
            answer.reserved = consents::reserved_in(tx, answerable, persona.space, host)?;
            if answer.reserved.is_some() {
                let missing = ConsentError::Required(Consent::ThirdPartyApis);
                effective = self.providers.inside(settings).ok_or(missing)?;
            }
        }
        answer.id = self.answer;
        answer.parent = Some(question.id);
        answer.status = Status::Generating;
        answer.grounding = Some(effective.grounding);
        answer.provider = Some(effective.provider);
        answer.model = effective.model;
        Ok((answer, effective.outside))
    }
}

/// The messages that lead to a place in the tree, oldest first.
pub(super) fn branch(messages: &[Message], leaf: Option<MessageId>) -> Vec<Message> {
    let by_id: HashMap<MessageId, &Message> = messages.iter().map(|m| (m.id, m)).collect();
    let mut branch = Vec::new();
    let mut at = leaf;
    while let Some(message) = at.and_then(|id| by_id.get(&id)) {
        branch.push((*message).clone());
        at = message.parent;
    }
    branch.reverse();
    branch
}
