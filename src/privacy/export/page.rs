//! The page of an export that people read: their memories by date, their conversations, and who
//! can see what. It needs nothing beside itself and runs no script.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Map, Value};

use super::Taking;
use super::words::{Words, words};
use crate::access::{Reach, Visibility};
use crate::attachments::personal::FILES;
use crate::attachments::{self, Attachment};
use crate::clones::{self, Persona};
use crate::jobs::personal::ExportError;
use crate::kernel::{CloneId, SpaceId};
use crate::memories::{self, Memory};
use crate::store::ReadTx;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.15rem/1.6 Georgia,serif;max-width:44rem;margin:0 auto;padding:1.5rem;\
background:#fffdf8;color:#2b2620}\
h1{font-size:1.9rem;line-height:1.25}h2{font-size:1.45rem;margin-top:2.5rem}h3{font-size:1.15rem}\
article,details{border:1px solid #d9d0c0;border-radius:.6rem;padding:.9rem 1.1rem;margin:1rem 0;\
break-inside:avoid}\
summary{cursor:pointer;font-weight:bold}\
.words{white-space:pre-wrap;overflow-wrap:anywhere}\
.soft{color:#6b6256;font-size:.95rem}\
.said{margin:.8rem 0}.said.answer{padding-left:1rem;border-left:.25rem solid #d9d0c0}\
img{max-width:100%;max-height:30rem;border-radius:.4rem}\
nav a{margin-right:1rem}a{color:#7a4a12}\
@media(prefers-color-scheme:dark){body{background:#1d1a16;color:#ece5da}\
article,details,.said.answer{border-color:#4a4338}.soft{color:#b3a898}a{color:#e0b478}}";

/// A text as it may stand in HTML.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A sentence with something in its gap.
fn with(sentence: &str, what: &str) -> String {
    safe(&sentence.replace("{}", what))
}

fn text<'v>(row: &'v Map<String, Value>, field: &str) -> &'v str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The day of a moment.
fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

/// Who can read what is in a clone, as far as a sentence needs it.
struct Shown<'a> {
    words: &'static Words,
    spaces: &'a HashMap<String, String>,
}

impl Shown<'_> {
    fn space(&self, id: SpaceId) -> &str {
        let name = self.spaces.get(&id.to_string()).map(String::as_str);
        name.filter(|name| !name.is_empty()).unwrap_or(self.words.own_space)
    }

    fn seen_by(&self, persona: Option<&Persona>, memory: &Memory) -> String {
        let Some(persona) = persona else { return safe(self.words.only_you) };
        let space = self.space(persona.space);
        match (memory.shown_to(), persona.profile.visibility) {
            (Visibility::Author, _) => safe(self.words.only_you),
            (Visibility::Stewards, _) | (Visibility::Space, Reach::Private) => {
                with(self.words.stewards, space)
            }
            (Visibility::Space, Reach::Space) => with(self.words.space, space),
            (Visibility::Space, Reach::Public) => safe(self.words.everybody),
        }
    }
}

impl Taking {
    /// Writes the page.
    ///
    /// # Errors
    /// When nobody takes it, or the store fails.
    pub(super) fn write_page(&self, tx: &ReadTx, to: &mut dyn Write) -> Result<(), ExportError> {
        let words = words(&self.locale);
        let mut name = String::new();
        self.each(tx, "account", &mut |row| {
            text(&row, "display_name").clone_into(&mut name);
            Ok(())
        })?;
        let title = with(words.title, &name);
        write!(
            to,
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; img-src 'self' file:\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n\
             <p>{}</p>\n",
            words.lang,
            with(words.lead, day(&self.at.to_string())),
        )?;
        let spaces = self.write_spaces(tx, to, words)?;
        self.write_memories(tx, to, &Shown { words, spaces: &spaces })?;
        self.write_conversations(tx, to, words)?;
        self.write_agreed(tx, to, words)?;
        self.write_providers(tx, to, words)?;
        Ok(write!(to, "<p class=\"soft\">{}</p>\n</body></html>\n", safe(words.rest))?)
    }

    /// The spaces of the person; their names by their identifiers.
    fn write_spaces(
        &self,
        tx: &ReadTx,
        to: &mut dyn Write,
        words: &'static Words,
    ) -> Result<HashMap<String, String>, ExportError> {
        let mut names = HashMap::new();
        write!(to, "<h2>{}</h2>\n<p>{}</p>\n<ul>\n", safe(words.sees), safe(words.sees_lead))?;
        self.each(tx, "spaces", &mut |row| {
            let (name, role) = (text(&row, "name"), text(&row, "role"));
            let shown = if name.is_empty() { words.own_space } else { name };
            let role = words.roles.iter().find(|(known, _)| *known == role);
            let members = row.get("members").map(Value::to_string).unwrap_or_default();
            writeln!(
                to,
                "<li>{}: {} ({})</li>",
                safe(shown),
                safe(role.map_or("", |(_, role)| role)),
                with(words.members, &members),
            )?;
            names.insert(text(&row, "id").to_owned(), name.to_owned());
            Ok(())
        })?;
        writeln!(to, "</ul>")?;
        Ok(names)
    }

    fn write_memories(
        &self,
        tx: &ReadTx,
        to: &mut dyn Write,
        shown: &Shown<'_>,
    ) -> Result<(), ExportError> {
        let clones: Vec<CloneId> = memories::clones_written_in(tx, self.account)?;
        if clones.is_empty() {
            writeln!(to, "<p>{}</p>", safe(shown.words.no_memories))?;
        }
        for clone in clones {
            let name = clones::name_of(tx, clone)?.unwrap_or_default();
            writeln!(to, "<h2>{}</h2>", with(shown.words.memories, &name))?;
            let persona = clones::present(tx, clone)?;
            let mut year = None;
            memories::each_written(tx, clone, self.account, |memory| {
                let own = memory.content.occurred_at.as_ref().map(|date| date.earliest().year());
                if year != Some(own) {
                    let heading = own.map(|year| year.to_string());
                    let heading = heading.as_deref().unwrap_or(shown.words.undated);
                    writeln!(to, "<h3>{}</h3>", safe(heading))?;
                    year = Some(own);
                }
                let seen = shown.seen_by(persona.as_ref(), &memory);
                let files = attachments::of_memory(tx, &memory)
                    .map_err(|error| ExportError::Io(std::io::Error::other(error)))?;
                write_memory(to, (&memory, &files), &seen, shown.words)
            })?;
        }
        Ok(())
    }

    fn write_conversations(
        &self,
        tx: &ReadTx,
        to: &mut dyn Write,
        words: &'static Words,
    ) -> Result<(), ExportError> {
        let mut titles = HashMap::new();
        self.each(tx, "conversations", &mut |row| {
            let (title, clone) = (text(&row, "title"), text(&row, "clone_name"));
            let title = match title.is_empty() {
                true => clone.to_owned(),
                false => format!("{title} ({clone})"),
            };
            let title = format!("{}: {title}", day(text(&row, "created_at")));
            titles.insert(text(&row, "id").to_owned(), title);
            Ok(())
        })?;
        writeln!(to, "<h2>{}</h2>", safe(words.conversations))?;
        let mut open = String::new();
        self.each(tx, "messages", &mut |row| {
            let conversation = text(&row, "conversation_id");
            if conversation != open {
                let end = if open.is_empty() { "" } else { "</details>\n" };
                let title = titles.get(conversation).map(String::as_str).unwrap_or_default();
                writeln!(to, "{end}<details><summary>{}</summary>", safe(title))?;
                conversation.clone_into(&mut open);
            }
            let (look, who) = match text(&row, "role") {
                "user" => ("said", words.you),
                _ => ("said answer", words.clone),
            };
            let said = safe(text(&row, "content"));
            Ok(writeln!(
                to,
                "<div class=\"{look}\"><div class=\"soft\">{}</div>\
                 <div class=\"words\">{said}</div></div>",
                safe(who)
            )?)
        })?;
        match open.is_empty() {
            true => writeln!(to, "<p>{}</p>", safe(words.no_conversations))?,
            false => writeln!(to, "</details>")?,
        }
        Ok(())
    }

    fn write_agreed(
        &self,
        tx: &ReadTx,
        to: &mut dyn Write,
        words: &'static Words,
    ) -> Result<(), ExportError> {
        writeln!(to, "<h2>{}</h2>", safe(words.agreed))?;
        self.each(tx, "consents", &mut |row| {
            let given = row.get("granted") == Some(&Value::Bool(true));
            let how = if given { words.given } else { words.withdrawn };
            Ok(writeln!(
                to,
                "<article><p class=\"soft\">{}</p><p class=\"words\">{}</p></article>",
                with(how, day(text(&row, "at"))),
                safe(text(&row, "text")),
            )?)
        })
    }

    fn write_providers(
        &self,
        tx: &ReadTx,
        to: &mut dyn Write,
        words: &'static Words,
    ) -> Result<(), ExportError> {
        writeln!(to, "<h2>{}</h2>\n<ul>", safe(words.providers))?;
        let mut none = true;
        self.each(tx, "providers_used", &mut |row| {
            none = false;
            let answers = row.get("answers").map(Value::to_string).unwrap_or_default();
            let (provider, model) = (text(&row, "provider"), text(&row, "model"));
            let who = format!("{provider} {model}");
            let answers = with(words.answers, &answers);
            Ok(writeln!(to, "<li>{}: {answers}</li>", safe(who.trim()))?)
        })?;
        let none =
            if none { format!("<li>{}</li>\n", safe(words.no_answers)) } else { String::new() };
        Ok(writeln!(to, "{none}</ul>")?)
    }
}

fn write_memory(
    to: &mut dyn Write,
    (memory, files): (&Memory, &[Attachment]),
    seen: &str,
    words: &Words,
) -> Result<(), ExportError> {
    let content = &memory.content;
    let date = content.occurred_at.as_ref().map(|date| date.to_string());
    let when = content.occurred_text.as_deref().map(str::to_owned).or(date);
    let place = content.place.as_deref().map(str::to_owned);
    let people = content.people.iter().map(|name| name.to_string());
    let facts: Vec<String> = when.into_iter().chain(place).chain(people).collect();
    write!(to, "<article>")?;
    if let Some(title) = content.title.as_deref().filter(|title| !title.is_empty()) {
        write!(to, "<strong>{}</strong>", safe(title))?;
    }
    if !facts.is_empty() {
        write!(to, "<p class=\"soft\">{}</p>", safe(&facts.join(" · ")))?;
    }
    write!(to, "<div class=\"words\">{}</div>", safe(&content.text))?;
    for file in files {
        write_file(to, file)?;
    }
    let gone = if memory.deleted_at.is_some() { safe(words.trash) + ". " } else { String::new() };
    Ok(writeln!(to, "<p class=\"soft\">{gone}{seen}</p></article>")?)
}

/// A picture as it is, anything else by its name. What the page may show is only what lies beside
/// it.
fn write_file(to: &mut dyn Write, file: &Attachment) -> Result<(), ExportError> {
    let place = safe(&format!("{FILES}/{}", file.name_in_export()));
    let name = safe(file.caption.as_deref().unwrap_or(&file.name));
    let shown = match file.media.shown() {
        attachments::Shown::Picture => {
            format!("<img src=\"{place}\" alt=\"{name}\" loading=\"lazy\">")
        }
        _ => name,
    };
    Ok(write!(to, "<p><a href=\"{place}\">{shown}</a></p>")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_written_becomes_a_part_of_the_page() {
        assert_eq!(
            safe("<img src=x onerror='a'>&\""),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;"
        );
        assert_eq!(with("Of {}.", "<b>"), "Of &lt;b&gt;.");
        assert_eq!(day("2026-11-22T10:00:00Z"), "2026-11-22");
    }
}
