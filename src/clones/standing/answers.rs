//! The word of a living person, which they give by a link of their own, with or without an
//! account.

use std::time::Duration;

use crate::access::{Action, Principal, Role};
use crate::accounts::{AccountError, SecurityEvent, account_in};
use crate::kernel::{CloneId, Timestamp, Token, TokenHash};
use crate::store::Rows;

use super::model::{Answering, AskedOf, Ground, MadeLink, SubjectAnswer};
use super::rows::{self, LinkRow};
use super::{keepers_in, store_in, texts};
use crate::clones::{self, CloneError, Clones, Persona, Subject, open};

/// For how long a link can be answered for the first time. After that it does not end: what was
/// said can be taken back by it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// What one person says of one clone at most.
const MOST_ANSWERS: usize = 200;

impl Clones {
    /// Makes the link by which the living person says whether they agree. One that was made
    /// before and not answered stops working.
    ///
    /// # Errors
    /// When the asker may not share the clone, it is of nobody living, or they do not want it.
    pub async fn ask_subject(&self, who: &Principal, id: CloneId) -> Result<MadeLink, CloneError> {
        let token = Token::fresh().map_err(AccountError::Random)?;
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (persona, _) = open(tx, &who, id, Action::Share)?;
                if persona.profile.subject != Subject::Living {
                    return Err(CloneError::NotLiving);
                }
                // Only they can change that, by the link that they have.
                if persona.standing.ground == Ground::Refused {
                    return Err(CloneError::SubjectRefused);
                }
                for (known, link) in rows::links(tx, id)? {
                    if !link.answered {
                        rows::remove_link_in(tx, id, known);
                    }
                }
                let expires_at = now.plus(ANSWERED_WITHIN);
                let link = LinkRow { by: who.account, at: now, expires_at, answered: false };
                rows::put_link_in(tx, (id, token.hash()), &link)?;
                let event = SecurityEvent::SubjectAsked { clone: id };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                Ok(MadeLink { token, asked: link.view() })
            })
            .await
    }

    /// What a person who was asked sees.
    ///
    /// # Errors
    /// When the link is not good.
    pub fn asked_by(&self, token: &str) -> Result<AskedOf, CloneError> {
        let (token, now) = (TokenHash::of(token), self.clock.now());
        self.store.read(|tx| {
            let (persona, link) = good(tx, token, now)?;
            asked_of(tx, persona, (token, &link))
        })
    }

    /// Whether the person agrees. If not, nobody talks with the clone any more.
    ///
    /// # Errors
    /// When the link is not good, or the text is another by now.
    pub async fn answer_subject(
        &self,
        token: &str,
        said: Answering,
    ) -> Result<AskedOf, CloneError> {
        let (this, token, now) = (self.clone(), TokenHash::of(token), self.clock.now());
        self.store
            .write(move |tx| {
                let (mut persona, link) = good(tx, token, now)?;
                let words = texts::known(Subject::Living, &said.sha256);
                let words = words.ok_or(CloneError::Outdated)?;
                let before = rows::answers(tx, persona.id, Some(token))?.len();
                // The last word is always a no.
                if before >= MOST_ANSWERS && said.agreed {
                    return Err(CloneError::TooMuchSaid);
                }
                let Answering { agreed, name, .. } = said;
                let answer = SubjectAnswer { number: 0, agreed, at: now, name, words };
                rows::answer_in(tx, (persona.id, token), answer)?;
                let link = LinkRow { answered: true, ..link };
                rows::put_link_in(tx, (persona.id, token), &link)?;
                persona.standing.ground = if agreed { Ground::Agreed } else { Ground::Refused };
                store_in(tx, &mut persona, now)?;
                // It is told of whoever made the link; who came by it has no account here.
                let mut told = keepers_in(tx, &persona, link.by)?;
                told.push(link.by);
                let name = persona.profile.name.to_string();
                let event =
                    SecurityEvent::SubjectAnswered { clone: persona.id, agreed, name, told };
                this.watchers.tell_in(tx, link.by, &event, now)?;
                asked_of(tx, persona, (token, &link))
            })
            .await
    }

    /// Whose link it is by which somebody is asked, for naming them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn asked_by_whom(&self, token: &str) -> Result<Option<String>, CloneError> {
        let token = TokenHash::of(token);
        self.store.read(|tx| {
            let Some((_, link)) = rows::by_token(tx, token)? else { return Ok(None) };
            Ok(account_in(tx, link.by)?.map(|account| account.display_name.to_string()))
        })
    }
}

/// The clone that a link is about, if it can be answered by it.
fn good(
    tx: &impl Rows,
    token: TokenHash,
    now: Timestamp,
) -> Result<(Persona, LinkRow), CloneError> {
    let (clone, link) = rows::by_token(tx, token)?.ok_or(CloneError::LinkNotGood)?;
    if !link.answered && now >= link.expires_at {
        return Err(CloneError::LinkNotGood);
    }
    let persona = clones::present(tx, clone)?.ok_or(CloneError::LinkNotGood)?;
    // What it is of can change before anybody answers.
    if persona.profile.subject != Subject::Living {
        return Err(CloneError::LinkNotGood);
    }
    Ok((persona, link))
}

fn asked_of(
    tx: &impl Rows,
    persona: Persona,
    (token, link): (TokenHash, &LinkRow),
) -> Result<AskedOf, CloneError> {
    // What only some may read counts as well: all of it is about this person.
    let counts = clones::rows::counts(tx, persona.id, persona.created_by, Role::Owner)?;
    let answer = rows::answers(tx, persona.id, Some(token))?.into_iter().next();
    let expires_at = (!link.answered).then_some(link.expires_at);
    Ok(AskedOf { persona, memories: counts.memories, expires_at, answer })
}
