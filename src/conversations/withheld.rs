//! Answers as their readers may have them now. What an answer was made from may have been thrown
//! away since, corrected, or kept from its reader: then its words go from the answer, too.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::Role;
use crate::kernel::{AccountId, CloneId, MemoryId};
use crate::memories;
use crate::store::{Rows, StoreError};

use super::model::{Citation, Message};

/// What stands where words were.
pub(super) const GONE: &str = "[…]";

/// Somebody who reads answers of a clone.
pub(super) struct Reading<'t, T> {
    tx: &'t T,
    clone: CloneId,
    account: AccountId,
    /// What they are to the clone; nothing if they may not know of it any more.
    role: Option<Role>,
    known: HashMap<MemoryId, Option<Arc<str>>>,
}

impl<'t, T: Rows> Reading<'t, T> {
    /// Who reads what a clone said, which they have opened already.
    pub(super) fn of(tx: &'t T, (account, role): (AccountId, Role), clone: CloneId) -> Self {
        Self::of_whoever(tx, (account, Some(role)), clone)
    }

    /// The same of somebody who may have lost the clone from sight: then only what they wrote
    /// themselves is theirs to read.
    pub(super) fn of_whoever(
        tx: &'t T,
        (account, role): (AccountId, Option<Role>),
        clone: CloneId,
    ) -> Self {
        Self { tx, clone, account, role, known: HashMap::new() }
    }

    /// A message without what its reader may not have (any more).
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn shown(&mut self, message: Message) -> Result<Message, StoreError> {
        without(message, |citation| {
            let text = self.may_read(citation.memory)?;
            Ok(!text.is_some_and(|text| text.contains(&citation.quote)))
        })
    }

    /// What a memory says now, if the reader may have it.
    fn may_read(&mut self, id: MemoryId) -> Result<Option<Arc<str>>, StoreError> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let memory = memories::memory_of(self.tx, self.clone, id)?;
        let memory = memory.filter(|memory| {
            let visibility = memory.content.visibility;
            match self.role {
                Some(role) => memories::is_readable(self.account, role, memory.author, visibility),
                None => memory.author == self.account,
            }
        });
        let text: Option<Arc<str>> = memory.map(|memory| (*memory.content.text).into());
        self.known.insert(id, text.clone());
        Ok(text)
    }
}

/// A message without what it took from some memories.
///
/// # Errors
/// Those of `is_gone`.
pub(super) fn without(
    mut message: Message,
    mut is_gone: impl FnMut(&Citation) -> Result<bool, StoreError>,
) -> Result<Message, StoreError> {
    for citation in &mut message.citations {
        if is_gone(citation)? {
            withhold(citation);
        }
    }
    let gone: Vec<usize> =
        message.citations.iter().filter(|c| c.withheld && c.cited).map(|c| c.n).collect();
    if !gone.is_empty() {
        message.unsupported.clear();
        message.content = match message.provider.as_deref() {
            Some("builtin") => without_quotes(&message.content, &gone),
            // A model says things in words of its own; which of them come from where is not
            // known well enough.
            _ => GONE.to_owned(),
        };
    }
    Ok(message)
}

fn withhold(citation: &mut Citation) {
    *citation = Citation {
        n: citation.n,
        cited: citation.cited,
        memory: citation.memory,
        withheld: true,
        title: None,
        quote: String::new(),
        occurred_at: None,
        occurred_text: None,
        speaker: None,
        score: 0.0,
        text_start: 0,
        highlights: Vec::new(),
    };
}

/// An answer of quotes without some of them: a quote is a Markdown block, whose last line but
/// that of the source ends with its number.
fn without_quotes(content: &str, gone: &[usize]) -> String {
    let mut blocks = content.split("\n\n> ");
    let mut kept = blocks.next().unwrap_or_default().to_owned();
    for block in blocks {
        let quote = block.split("\n>\n> — ").next().unwrap_or_default();
        kept.push_str("\n\n> ");
        match gone.iter().find(|n| quote.ends_with(&format!(" [{n}]"))) {
            Some(n) => kept.push_str(&format!("{GONE} [{n}]")),
            None => kept.push_str(block),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_goes_with_its_source_and_the_others_stay() {
        let content = "I remember:\n\n> We swam.\n> \n> Far out. [1]\n>\n> — Summer, 1961\n\n\
                       > The house [2] was blue. [2]\n\n> In May. [11]\n>\n> — Anna";
        let cases = [
            (
                vec![1],
                "I remember:\n\n> […] [1]\n\n> The house [2] was blue. [2]\n\n> In May. \
                       [11]\n>\n> — Anna",
            ),
            (
                vec![2, 11],
                "I remember:\n\n> We swam.\n> \n> Far out. [1]\n>\n> — Summer, 1961\n\n\
                           > […] [2]\n\n> […] [11]",
            ),
            (vec![3], content),
        ];
        for (gone, expected) in cases {
            assert_eq!(without_quotes(content, &gone), expected);
        }
        assert_eq!(without_quotes("Nothing is known.", &[1]), "Nothing is known.");
    }
}
