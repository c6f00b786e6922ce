//! Samples, and tables that can be pasted into `docs/performance.md`.

use std::time::Duration;

/// Measured durations, sorted.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// The value that the share `of` of the samples does not exceed.
    pub fn quantile(&self, of: f64) -> Duration {
        let place = (self.0.len() as f64 * of).ceil() as usize;
        self.0.get(place.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or_default()
    }

    /// Half are below.
    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// `p50 / p99` in milliseconds.
    pub fn p50_p99(&self) -> String {
        format!("{} / {}", ms(self.median()), ms(self.quantile(0.99)))
    }

    /// The median and the whole range, in milliseconds.
    pub fn median_and_range(&self) -> String {
        let (least, most) = (self.quantile(0.0), self.quantile(1.0));
        format!("{} ({}–{})", ms(self.median()), ms(least), ms(most))
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(all: I) -> Self {
        let mut all: Vec<Duration> = all.into_iter().collect();
        all.sort_unstable();
        Self(all)
    }
}

/// How well the time alone tells two sorts of requests apart: the chance that a later one of the
/// second sort took longer than one of the first, the better guess of both ways (area under the
/// ROC curve). 0.5 says nothing, 1.0 everything.
pub fn told_apart(one: &[Duration], other: &[Duration]) -> f64 {
    let mut wins = 0.0;
    for first in one {
        for second in other {
            wins += match first.cmp(second) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
        }
    }
    let area = wins / (one.len() * other.len()).max(1) as f64;
    f64::max(area, 1.0 - area)
}

/// Milliseconds.
pub fn ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1_000.0)
}

/// `a` beside `b`, as `a` times `b`.
pub fn times(a: f64, b: f64) -> String {
    if b > 0.0 { format!("{:.2}×", a / b) } else { "–".to_owned() }
}

/// [`times`] of durations.
pub fn slower(a: Duration, b: Duration) -> String {
    times(a.as_secs_f64(), b.as_secs_f64())
}

/// Per second.
pub fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Prints a Markdown table.
pub fn table(title: &str, head: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n\n| {} |", head.join(" | "));
    println!("|{}", "---|".repeat(head.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}
