//! Text from people on its way into a prompt.

use super::Fence;
use crate::conversations::visible::visible;

/// What opens our own fences, or a turn in the templates of common models. Servers that render
/// those templates read them in the middle of a message, too.
const OPENERS: [&str; 21] = [
    "<passage",
    "</passage",
    "<summary",
    "</summary",
    "<|",
    "<｜",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<start_of_turn",
    "<end_of_turn",
    "<<sys",
    "<</sys",
    "<system",
    "</system",
    "[inst]",
    "[/inst]",
    "[system_prompt]",
    "[/system_prompt]",
    "[tool_",
];

/// The text with nothing invisible and with every opener made harmless: its bracket becomes one
/// that looks alike and means nothing.
pub(super) fn tame(text: &str, fence: &Fence) -> String {
    // The fence is random; a text that has it anyway was written by somebody who saw it.
    let text = visible(text).replace(&fence.0, "");
    let mut tamed = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let opens =
            matches!(c, '<' | '[') && OPENERS.iter().any(|opener| starts_with(&text[at..], opener));
        tamed.push(match c {
            '<' if opens => '‹',
            '[' if opens => '［',
            other => other,
        });
    }
    tamed
}

fn starts_with(text: &str, opener: &str) -> bool {
    text.get(..opener.len()).is_some_and(|start| start.eq_ignore_ascii_case(opener))
}

/// The text as one line that can stand between quotation marks.
pub(super) fn attribute(text: &str, fence: &Fence) -> String {
    let line = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line
        .chars()
        .map(|c| match c {
            '"' => '\'',
            '<' => '‹',
            '>' => '›',
            other => other,
        })
        .collect();
    tame(&line, fence)
}
