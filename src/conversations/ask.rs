//! Saying something, and following, stopping and rating the answer.

use crate::access::Principal;
use crate::jobs::Once;
use crate::kernel::points::{Point, pass};
use crate::kernel::{ConversationId, MessageId};

use super::deciding::{Deciding, Outcome};
use super::model::{Author, Feedback, Message, Said};
use super::withheld::Reading;
use super::{Begun, ConversationError, Conversations, Following, Place, opened, rows};

impl Conversations {
    /// Says something and has it answered. Resolves when the question is decided; the answer's
    /// events follow when it is durable.
    ///
    /// # Errors
    /// When the asker may not, a consent is missing, too much runs already, or the store fails.
    pub async fn say(
        &self,
        who: &Principal,
        place: Place,
        said: Said,
        once: Option<Once>,
    ) -> Result<Begun, ConversationError> {
        let stopping = self.tasks.stopping();
        if stopping.is_cancelled() {
            return Err(ConversationError::Stopping);
        }
        // Messages are listed in the order of their ids, so the question's is made first.
        let (question, id) = (MessageId::fresh(), MessageId::fresh());
        // Not a child of the process's token: a stop of the server must be told from a reader's.
        let stop = tokio_util::sync::CancellationToken::new();
        let mut writing = self.live.begin(id, who.counted_as(), stop)?;
        let asker = self.name_of(who)?.unwrap_or_default();
        let decide = Deciding {
            who: who.clone(),
            place,
            said,
            once,
            question,
            answer: id,
            asker,
            now: self.clock.now(),
            providers: self.providers.clone(),
        };
        let (outcome, durable) = self.store.decide(move |tx| decide.run_in(tx)).await?;
        pass(Point::AnswerDecided);
        match outcome {
            Outcome::Replayed(begun) => Ok(*begun),
            Outcome::New(decided) => {
                writing.promise(decided.persona.id);
                let begun = Begun {
                    question: decided.question.clone(),
                    message: id,
                    conversation: decided.answer.conversation,
                    repeated: false,
                };
                let this = self.clone();
                let writer = this.write_answer(*decided, durable, writing);
                self.tasks.spawn("answer", writer);
                Ok(begun)
            }
        }
    }

    /// What the asker is called; nothing for visitors of a share link, who have no name.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn name_of(&self, who: &Principal) -> Result<Option<String>, ConversationError> {
        if who.share_link().is_some() {
            return Ok(None);
        }
        let account = self.accounts.account(who.account).map_err(|_| ConversationError::Missing)?;
        Ok(Some(account.display_name.to_string()))
    }

    /// Follows an answer from after an event (0: from the beginning).
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn follow(
        &self,
        who: &Principal,
        conversation: ConversationId,
        id: MessageId,
        seen: u64,
    ) -> Result<Following, ConversationError> {
        let message = self.message(who, conversation, id)?;
        if message.author != Author::Assistant {
            return Err(ConversationError::NotAnAnswer);
        }
        let withheld = message.citations.iter().any(|citation| citation.withheld);
        Ok(match self.live.find(id) {
            // What happened has been told in words that are not the reader's any more.
            Some(answer) if withheld && answer.is_over() => Following::Ended(Box::new(message)),
            Some(answer) => Following::Live(answer.listen(seen)),
            None => Following::Ended(Box::new(message)),
        })
    }

    /// Listens to an answer that [`Self::say`] has just begun, whose message may not be durable
    /// and so not readable yet.
    ///
    /// # Errors
    /// When it ended long ago and its message cannot be read.
    pub fn follow_begun(
        &self,
        who: &Principal,
        begun: &Begun,
    ) -> Result<Following, ConversationError> {
        let live = self.live.find(begun.message);
        if let Some(answer) = live.as_ref().filter(|answer| !answer.is_over()) {
            return Ok(Following::Live(answer.listen(0)));
        }
        // Whoever asks once more may have lost what it was made from.
        match (self.follow(who, begun.conversation, begun.message, 0), live) {
            (Err(_), Some(answer)) => Ok(Following::Live(answer.listen(0))),
            (follow, _) => follow,
        }
    }

    /// Stops an answer; one that has ended stays as it is.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn stop(
        &self,
        who: &Principal,
        conversation: ConversationId,
        id: MessageId,
    ) -> Result<Message, ConversationError> {
        let message = self.message(who, conversation, id)?;
        if message.author != Author::Assistant {
            return Err(ConversationError::NotAnAnswer);
        }
        if let Some(answer) = self.live.find(id) {
            answer.stop.cancel();
            let mut listener = answer.listen(0);
            while listener.next().await.is_some() {}
        }
        self.message(who, conversation, id)
    }

    /// Stops every answer of a clone (it was deleted).
    pub fn stop_all_from(&self, clone: crate::kernel::CloneId) {
        self.live.stop_all_from(clone);
    }

    /// Stops every answer an account has asked for (it withdrew its consent, or is gone).
    pub fn stop_all_of(&self, account: crate::kernel::AccountId) {
        self.live.stop_all_of(account);
    }

    /// Rates an answer; nothing takes the rating back.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn rate(
        &self,
        who: &Principal,
        conversation: ConversationId,
        id: MessageId,
        feedback: Option<Feedback>,
    ) -> Result<Message, ConversationError> {
        let who = who.clone();
        self.store
            .write(move |tx| {
                let (conversation, role) = opened(tx, &who, conversation)?;
                let message = rows::message(tx, conversation.id, id)?;
                let mut message = message.ok_or(ConversationError::Missing)?;
                if message.author != Author::Assistant {
                    return Err(ConversationError::NotAnAnswer);
                }
                message.feedback = feedback;
                rows::put_message_in(tx, &message)?;
                let mut reading = Reading::of(tx, (who.account, role), conversation.clone);
                Ok(reading.shown(message)?)
            })
            .await
    }
}
