//! One mark: what it looks like and which numbers it names.

/// Longest mark, in bytes, its opening bracket included.
pub(super) const MARK_MOST: usize = 48;
/// Longer numbers are years.
const DIGITS_MOST: usize = 3;

/// Whether a character can be the next of a mark that begins like this. Some models write
/// `【3†source】`.
pub(super) fn may_continue(begun: &str, c: char) -> bool {
    let plain = c.is_ascii_digit() || matches!(c, ' ' | ',' | ';' | '-' | '–' | '—');
    if begun.starts_with('【') {
        plain || c == '】' || c == '†' || (begun.contains('†') && !c.is_control())
    } else {
        plain || c == ']'
    }
}

/// The numbers of a complete mark, in its order; nothing if it is not one.
pub(super) fn numbers(mark: &str) -> Option<Vec<usize>> {
    let inner = match mark.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None => mark.strip_prefix('【')?.strip_suffix('】')?,
    };
    let inner = inner.split('†').next()?;
    let mut numbers = Vec::new();
    for part in inner.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(['-', '–', '—']) {
            None => numbers.push(number(part)?),
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from <= to { numbers.extend(from..=to) } else { numbers.extend([from, to]) }
            }
        }
    }
    (!numbers.is_empty()).then_some(numbers)
}

fn number(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() <= DIGITS_MOST { text.parse().ok() } else { None }
}
