//! What mails say: plain text, in the reader's language, with links to the configured address
//! only. Names and texts of others stand in quotation marks, and never in a subject.

mod en;
mod fr;

use super::links::{
    ACCOUNT_PAGE, HERE_PAGE, INVITATION_PAGE, LEGACY_PAGE, Links, NOTICES_PAGE, RESET_PAGE,
    VERIFICATION_PAGE,
};
use super::model::{Notification, on_one_line};
use super::topic::Topic;
use crate::kernel::{JobId, Timestamp};
use crate::providers::Letter;
use crate::sessions::{COMMAND_LINE, UNKNOWN_DEVICE};
use crate::spaces::Role;

/// Who reads a mail.
pub(super) struct Reader<'a> {
    tongue: &'static Tongue,
    links: &'a Links,
}

impl<'a> Reader<'a> {
    /// Somebody with this language (BCP 47); English unless it is known.
    pub(super) fn new(locale: &str, links: &'a Links) -> Self {
        let tongue = match locale.split(['-', '_']).next() {
            Some("fr") => &fr::TONGUE,
            _ => &en::TONGUE,
        };
        Self { tongue, links }
    }
}

/// A mail's subject and text.
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) text: String,
}

/// Everything that mails say, in one language.
struct Tongue {
    /// Subject and first sentence of each notice; `{}` is the name that it gives.
    notices: &'static [(Topic, &'static str, &'static str)],
    /// In place of a name that cannot be given.
    another_service: &'static str,
    /// What a device is called that nobody knows.
    unknown_device: &'static str,
    /// What the operator's command line is called.
    command_line: &'static str,
    /// In place of a reason that cannot be given.
    no_reason: &'static str,
    /// In place of names when there are none.
    nothing: &'static str,
    listed: &'static str,
    /// Before the time, which is given in UTC.
    when: &'static str,
    /// Before the name of who did it.
    who: &'static str,
    /// Before the time at which it ends.
    until: &'static str,
    /// Before the name of a role.
    role: &'static str,
    /// The names of the roles, the least first.
    roles: [&'static str; 4],
    /// What to do if somebody else did it.
    not_you: &'static str,
    /// Before the link to the account.
    account: &'static str,
    /// Before the link to the inbox.
    inbox: &'static str,
    reset: Message,
    verification: Message,
    invitation: Message,
    /// Before the link by which somebody says that they live.
    here: &'static str,
    /// To somebody who is named as a legacy contact; `{}` is whose.
    named: Message,
    /// Before the token, when there is no address to link to.
    code: &'static str,
    /// Around a name that somebody else gave.
    quotes: (&'static str, &'static str),
    /// Why this mail came.
    footer: &'static str,
}

/// A mail with a link.
struct Message {
    subject: &'static str,
    /// What it is and what the link does; `{}` is the name of a space.
    lead: &'static str,
    /// How long it is good, and what if one did not ask for it.
    end: &'static str,
}

/// What happened to an account.
pub(super) fn notice(reader: &Reader<'_>, notice: &Notification) -> Said {
    let Tongue { when, who, until, not_you, account, inbox, footer, .. } = reader.tongue;
    let (subject, first) = happened(reader.tongue, notice);
    let mut facts = vec![format!("{when} {}", minute(notice.at))];
    facts.extend(notice.by.as_deref().map(|by| format!("{who}{}", quoted(reader.tongue, by))));
    facts.extend(notice.until.map(|at| format!("{until} {}", minute(at))));
    facts.extend(notice.role.map(|role| as_role(reader.tongue, role)));
    let mut text = vec![first, facts.join("\n")];
    let security = notice.topic.is_about_security();
    // Nobody ends what an admin does by changing their own password.
    if security && notice.by.is_none() {
        text.push((*not_you).to_owned());
    }
    let (page, words) = if security { (ACCOUNT_PAGE, account) } else { (NOTICES_PAGE, inbox) };
    // Who is suspended finds every page shut.
    let link = reader.links.to(page).filter(|_| notice.topic != Topic::Suspended);
    text.extend(link.map(|link| format!("{words}\n{link}")));
    text.push((*footer).to_owned());
    Said { subject: subject.to_owned(), text: paragraphs(&text) }
}

fn as_role(tongue: &Tongue, role: Role) -> String {
    let mut named = Role::ALL.into_iter().zip(tongue.roles);
    let name = named.find_map(|(one, name)| (one == role).then_some(name));
    format!("{} {}", tongue.role, name.unwrap_or_else(|| role.name()))
}

fn happened(tongue: &Tongue, notice: &Notification) -> (&'static str, String) {
    let found = tongue.notices.iter().find(|(topic, ..)| *topic == notice.topic);
    let (_, subject, sentence) = found.copied().unwrap_or((notice.topic, "CloneMemoria", ""));
    let detail = notice.detail.as_deref().map(|detail| match (notice.topic, detail) {
        (Topic::NewDevice, UNKNOWN_DEVICE) => tongue.unknown_device,
        (Topic::NewDevice, COMMAND_LINE) => tongue.command_line,
        _ => detail,
    });
    let name = detail.map(|detail| quoted(tongue, detail)).unwrap_or_default();
    // Without a name to give, the sentence must still be one.
    let name = match notice.topic {
        Topic::IdentityLinked | Topic::IdentityUnlinked if name.is_empty() => {
            tongue.another_service
        }
        Topic::BreakGlass if name.is_empty() => tongue.no_reason,
        Topic::BreakGlassEnded if name.is_empty() => tongue.nothing,
        // Names of what people keep stay in the app.
        Topic::BreakGlassEnded => tongue.listed,
        _ => &name,
    };
    (subject, sentence.replace("{}", name))
}

/// A link that sets a new password.
pub(super) fn reset(reader: &Reader<'_>, token: &str) -> Said {
    with_link(reader, &reader.tongue.reset, "", (RESET_PAGE, token))
}

/// A link that proves an address.
pub(super) fn verification(reader: &Reader<'_>, token: &str) -> Said {
    with_link(reader, &reader.tongue.verification, "", (VERIFICATION_PAGE, token))
}

/// A link into a space.
pub(super) fn invitation(reader: &Reader<'_>, space: &str, token: &str) -> Said {
    let space = quoted(reader.tongue, space);
    with_link(reader, &reader.tongue.invitation, &space, (INVITATION_PAGE, token))
}

/// That somebody says that the reader has died, with the link that stops it.
pub(super) fn claimed(reader: &Reader<'_>, notification: &Notification, token: &str) -> Said {
    let Said { subject, text } = notice(reader, notification);
    let here = match reader.links.to(HERE_PAGE) {
        Some(link) => format!("{}\n{link}{token}", reader.tongue.here),
        None => format!("{}\n{}\n{token}", reader.tongue.here, reader.tongue.code),
    };
    Said { subject, text: format!("{here}\n\n{text}") }
}

/// To somebody who is named as a legacy contact, by whom.
pub(super) fn named(reader: &Reader<'_>, by: &str) -> Said {
    let Message { subject, lead, end } = &reader.tongue.named;
    let mut text = vec![lead.replace("{}", &quoted(reader.tongue, by))];
    text.extend(reader.links.to(LEGACY_PAGE));
    text.push((*end).to_owned());
    Said { subject: (*subject).to_owned(), text: paragraphs(&text) }
}

/// A mail that says that mails arrive.
pub(super) fn test(to: &str, links: &Links, now: Timestamp) -> Letter {
    let mut text = vec!["Mail works: this CloneMemoria server can send to you.".to_owned()];
    text.push(links.to_front().unwrap_or_else(|| {
        "Links are left out of mails until server.public_url is set.".to_owned()
    }));
    Letter {
        to: to.to_owned(),
        subject: "A test mail from CloneMemoria".to_owned(),
        text: paragraphs(&text),
        id: JobId::fresh().to_string(),
        at: now,
    }
}

fn with_link(
    reader: &Reader<'_>,
    message: &Message,
    name: &str,
    (page, token): (&str, &str),
) -> Said {
    let link = reader.links.to(page).map(|link| format!("{link}{token}"));
    // Without an address to link to, the page asks for the token itself.
    let link = link.unwrap_or_else(|| format!("{}\n{token}", reader.tongue.code));
    let text = [message.lead.replace("{}", name), link, message.end.to_owned()];
    Said { subject: message.subject.to_owned(), text: paragraphs(&text) }
}

fn paragraphs(parts: &[String]) -> String {
    parts.join("\n\n") + "\n"
}

/// A name that somebody else gave. One that looks like a link is left out: whoever can choose
/// it could advertise in our name.
fn quoted(tongue: &Tongue, name: &str) -> String {
    let name = on_one_line(name);
    if name.is_empty() || name.contains("://") || name.contains("www.") {
        return String::new();
    }
    let (open, close) = tongue.quotes;
    format!(" {open}{name}{close}")
}

/// A moment, to the minute.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} (UTC)", time.get(..5).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::kernel::NoticeId;

    fn links() -> Links {
        Links::new(Some(&Url::parse("https://memoria.example/").unwrap()), "/rose")
    }

    fn about(topic: Topic, detail: &str) -> Notification {
        let detail = Some(detail.to_owned());
        let (by, until) = match topic {
            Topic::BreakGlass => (Some("The Admin".to_owned()), Some(Timestamp(900_000_000))),
            _ => (None, None),
        };
        Notification {
            id: NoticeId::fresh(),
            topic,
            detail,
            by,
            until,
            role: (topic == Topic::RoleChanged).then_some(Role::Steward),
            at: Timestamp(0),
            read: false,
        }
    }

    #[test]
    fn every_notice_is_said_in_both_languages() {
        let links = links();
        for topic in Topic::all() {
            let notification = about(topic, "Firefox (Linux)");
            let english = notice(&Reader::new("en-GB", &links), &notification);
            let french = notice(&Reader::new("fr", &links), &notification);
            assert_ne!(english.subject, french.subject, "{topic:?}");
            assert!(english.text.contains("1970-01-01 00:00 (UTC)"), "{}", english.text);
            for said in [english, french] {
                let leads_somewhere = said.text.contains("https://memoria.example/rose/");
                assert_eq!(leads_somewhere, topic != Topic::Suspended, "{}", said.text);
                assert!(!said.text.contains("{}") && !said.text.contains("  "), "{}", said.text);
                assert!(said.text.lines().all(|line| line.chars().count() < 200));
            }
        }
    }

    #[test]
    fn who_looks_why_and_how_long_is_said() {
        let links = links();
        let notice_of =
            |tongue| notice(&Reader::new(tongue, &links), &about(Topic::BreakGlass, "A fault"));
        let said = notice_of("en").text;
        for part in ["“A fault”", "Who: “The Admin”", "1970-01-01 00:00", "Until: 1970-01-01 00:15"]
        {
            assert!(said.contains(part), "{said}");
        }
        assert!(!said.contains("If this was you"), "{said}");
        let said = notice_of("fr").text;
        assert!(said.contains("Qui : « The Admin »") || said.contains("Qui"), "{said}");
        let said = notice(&Reader::new("en", &links), &about(Topic::BreakGlassEnded, "")).text;
        assert!(said.contains("nothing"), "{said}");
    }

    #[test]
    fn a_device_that_nobody_knows_is_called_so_in_the_language_of_the_mail() {
        let links = links();
        let said = |tongue, device| {
            notice(&Reader::new(tongue, &links), &about(Topic::NewDevice, device)).text
        };
        assert!(said("fr", UNKNOWN_DEVICE).contains("« appareil inconnu »"));
        assert!(said("fr", COMMAND_LINE).contains("« ligne de commande »"));
        assert!(said("fr", "Firefox (Linux)").contains("« Firefox (Linux) »"));
        assert!(said("en", UNKNOWN_DEVICE).contains("“Unknown device”"));
    }

    #[test]
    fn a_link_is_made_from_the_configured_address_or_not_at_all() {
        let links = links();
        let said = reset(&Reader::new("en", &links), "t0k3n");
        assert!(said.text.contains("\nhttps://memoria.example/rose/reset?token=t0k3n\n"));
        let none = Links::default();
        let said = reset(&Reader::new("en", &none), "t0k3n");
        assert!(!said.text.contains("://") && said.text.contains("\nt0k3n\n"), "{}", said.text);
    }

    #[test]
    fn what_others_wrote_cannot_advertise_in_our_name() {
        let links = links();
        let reader = Reader::new("en", &links);
        let said = invitation(&reader, "Win\nat https://evil.example", "t");
        assert!(!said.text.contains("evil"), "{}", said.text);
        let said = invitation(&reader, "The Millers\r\nBcc: x", "t");
        assert!(said.text.contains("“The Millers Bcc: x”"), "{}", said.text);
        assert!(!said.subject.contains("Millers"));
    }
}
