//! `clonememoria config show`: every setting, its value and where it comes from.

use super::{ConfigArgs, Failure, say};
use crate::config::KEYS;

pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let (_, layers) = args.load()?;
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
    Ok(())
}
