//! A conversation as a document to keep: JSON, plain text or Markdown. Every answer is marked as
//! written by a clone, with its sources.

use std::fmt::Write as _;

use super::model::{Author, Conversation, Message};

/// As what a conversation is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
}

/// The conversation as a document. `name` is the clone's, `asker` the account's.
pub fn export(
    conversation: &Conversation,
    messages: &[Message],
    (name, asker): (&str, &str),
    format: ExportFormat,
) -> String {
    let title = conversation.title.as_deref().unwrap_or(name);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = match format {
        ExportFormat::Text => writeln!(out, "{title}\n"),
        ExportFormat::Markdown => writeln!(out, "# {}\n", one_line(title)),
    };
    let _ = writeln!(out, "AI, built from memories of {name}.\n");
    for message in messages {
        let who = match message.author {
            Author::User => asker.to_owned(),
            Author::Assistant => format!("{name} (AI)"),
        };
        let _ = match format {
            ExportFormat::Text => writeln!(out, "{who}, {}:", message.created_at),
            ExportFormat::Markdown => writeln!(out, "**{who}**, {}\n", message.created_at),
        };
        let _ = writeln!(out, "{}\n", message.content);
        for citation in message.citations.iter().filter(|citation| citation.cited) {
            let _ = writeln!(out, "[{}] {}", citation.n, one_line(&citation.quote));
        }
        if message.citations.iter().any(|citation| citation.cited) {
            out.push('\n');
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
