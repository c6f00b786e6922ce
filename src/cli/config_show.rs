//! `clonememoria config show`: every setting, its value and where it comes from.

use super::{ConfigArgs, Failure, say};
use crate::config::KEYS;
use crate::identities::ProviderSettings;

pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, layers) = args.load()?;
    let mut section = "";
    for key in KEYS {
        let (head, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if head != section {
            if !section.is_empty() {
                say("");
            }
            say(format_args!("[{head}]"));
            section = head;
        }
        let Some(given) = layers.get(key.name) else {
            continue;
        };
        let value = match (key.is_secret, given.text.is_empty()) {
            (true, false) => "(set, not shown)".to_owned(),
            _ => toml::Value::String(given.text.clone()).to_string(),
        };
        say(format_args!("# {} ({})", key.meaning, key.variable()));
        say(format_args!("{name} = {value}  # {}", given.origin));
    }
    for provider in &config.oidc {
        show_provider(provider);
    }
    Ok(())
}

/// A provider of sign-ins, as its table would be written.
fn show_provider(provider: &ProviderSettings) {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let texts = |texts: &[String]| toml::Value::Array(texts.iter().map(|one| text(one)).collect());
    let secret = if provider.client_secret.is_some() { "(set, not shown)" } else { "\"\"" };
    say("\n[[auth.oidc]]");
    say(format_args!("id = {}", text(&provider.id)));
    say(format_args!("name = {}", text(&provider.name)));
    say(format_args!("issuer = {}", text(&provider.issuer)));
    say(format_args!("client_id = {}", text(&provider.client_id)));
    say(format_args!("client_secret = {secret}"));
    say(format_args!("scopes = {}", texts(&provider.scopes)));
    say(format_args!("sign_up = {}", text(provider.sign_up.word())));
    say(format_args!("trusted_email = {}", provider.trusted_email));
    let group = |name: &Option<String>| text(name.as_deref().unwrap_or_default());
    say(format_args!("groups_claim = {}", group(&provider.groups_claim)));
    say(format_args!("admin_group = {}", group(&provider.admin_group)));
    say(format_args!("token_audiences = {}", texts(&provider.token_audiences)));
    say(format_args!("apps_only = {}", provider.apps_only));
}
