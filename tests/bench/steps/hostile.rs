//! Questions that are made to hurt: what they cost, and what others notice.

use std::time::Instant;

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Method;

use super::healthy::while_asking;
use super::load;
use crate::appliance::{Appliance, WORDS_ONLY};
use crate::figures::{Samples, table};
use crate::text::{Writer, escaped};
use crate::{Outcome, Plan};

const MEMORIES: usize = 10_000;
const QUESTIONS: usize = 10_000;
/// One alone, one a core of a small machine, and more than it can do at once.
const CLIENTS: [usize; 3] = [1, 2, 8];
const SEED: u64 = 11;
/// The longest question that is taken, in characters.
const LONGEST: usize = 512;

pub async fn measure(plan: &Plan) -> Outcome<()> {
    let settings: &[_] = if plan.words_only { &[WORDS_ONLY] } else { &[] };
    let server = Appliance::start(plan, settings).await?;
    let clone = server.clone_named("Questions").await?;
    let memories = plan.rounds(MEMORIES, MEMORIES / 10);
    load(&server, &clone, Writer::new(SEED).memories(memories)).await?;
    server.quiet().await?;
    let mut rows = Vec::new();
    let sorts = [("ordinary questions", false), ("hostile questions", true)];
    for (clients, (name, hostile)) in CLIENTS.into_iter().flat_map(|n| sorts.map(|sort| (n, sort)))
    {
        // Alone they take as long as they take; a tenth tells it.
        let most = if clients == 1 { QUESTIONS / 10 } else { QUESTIONS };
        let each = plan.rounds(most, most / 10) / clients;
        let mut took = Samples::default();
        let attack = async {
            let (all, refused) = all_asked(&server, &clone, (clients, each), hostile).await?;
            took = all;
            Ok(refused.to_string())
        };
        let row = while_asking(&server, name, attack).await?;
        let [name, refused, healthy, memory] =
            row.try_into().map_err(|_| "a row has four columns")?;
        let name = format!("{} {name}, {clients} at a time", each * clients);
        let longest = took.quantile(1.0).as_millis().to_string();
        rows.push(vec![name, refused, took.p50_p99(), longest, healthy, memory]);
    }
    let head = [
        "asked",
        "refused (422)",
        "ms: p50 / p99",
        "longest, ms",
        "healthy client, ms: p50 / p99",
        "RSS, MB",
    ];
    table(&format!("Hostile questions to {memories} memories"), &head, &rows);
    Ok(())
}

async fn all_asked(
    server: &Appliance,
    clone: &str,
    (clients, each): (usize, usize),
    hostile: bool,
) -> Outcome<(Samples, usize)> {
    let mut all = Vec::new();
    for number in 0..clients {
        let mut client = server.client().await?;
        let path = format!("/api/v1/clones/{clone}/search?q=");
        let mut writer = Writer::new(SEED + number as u64);
        all.push(tokio::spawn(async move {
            let (mut took, mut refused) = (Vec::new(), 0);
            for _ in 0..each {
                let question = if hostile { evil(&mut writer) } else { writer.question() };
                let path = format!("{path}{}", escaped(&question));
                let began = Instant::now();
                let (status, _) = client.whatever(Method::GET, &path, Bytes::new()).await?;
                took.push(began.elapsed());
                match status {
                    200 => {}
                    422 => refused += 1,
                    other => return Err(format!("a question was answered with {other}").into()),
                }
            }
            Outcome::Ok((took, refused))
        }));
    }
    let (mut took, mut refused) = (Vec::new(), 0);
    for one in try_join_all(all).await? {
        let (times, no) = one?;
        took.extend(times);
        refused += no;
    }
    Ok((took.into_iter().collect(), refused))
}

/// A question that was never meant to be one: syntax of query languages, patterns that explode,
/// texts of one word or of thousands, of letters that join, hide or turn around.
fn evil(writer: &mut Writer) -> String {
    const SYNTAX: [&str; 16] = [
        "(",
        ")",
        "\"",
        "[a TO z]",
        "{* TO *}",
        "title:",
        "AND",
        "OR NOT",
        "~9",
        "^99",
        "\\",
        "/.*/",
        "+-",
        "(a+)+$",
        "*?*?",
        "' OR 1=1 --",
    ];
    const LETTERS: [char; 16] = [
        'a',
        'ß',
        'İ',
        'ﷺ',
        '\u{301}',
        '\u{200d}',
        '\u{202e}',
        '\u{feff}',
        '漢',
        'ก',
        '👩',
        '🏽',
        '\u{1f1e9}',
        '\u{e0061}',
        '\u{0}',
        ' ',
    ];
    let mut below = |limit: usize| writer.below(limit as u64) as usize;
    let many = below(LONGEST) + 1;
    let text: String = match below(8) {
        0 => (0..many).map(|_| SYNTAX[below(SYNTAX.len())]).collect(),
        1 => (0..many).map(|_| LETTERS[below(LETTERS.len())]).collect(),
        2 => "the ".repeat(many),
        3 => "a".repeat(many),
        4 => "(".repeat(many) + &")".repeat(many),
        // Every word another one, and each of them common.
        5 => (0..many).map(|_| writer.question() + " ").collect(),
        6 => (0..many).map(|at| format!("{at} ")).collect(),
        _ => (0..many).filter_map(|_| char::from_u32(below(0x11_0000) as u32)).collect(),
    };
    text.chars().take(LONGEST).collect()
}
