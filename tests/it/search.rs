//! Search: at once after the answer, by words and by meaning, and whole again after damage.

use std::fs;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use crate::mail::metric;
use crate::support::client::{Client, each, id, text};
use crate::support::server::Server;
use crate::support::{quoted, slice, until};

async fn begin() -> (Server, Client, String) {
    begin_with(&[]).await
}

async fn begin_with(settings: &[(&str, &str)]) -> (Server, Client, String) {
    let server = Server::with(settings).await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    (server, ada, clone)
}

const LIFE: [&str; 6] = [
    "My brother bought a second-hand motorcycle and we drove to the sea.",
    "The doctor said the baby would come in March, but she came in February.",
    "Grandfather kept bees behind the barn and gave us honey on bread.",
    "I failed my first exam in mathematics and cried on the tram.",
    "We danced all night at the wedding until the accordion broke.",
    "The dog slept under the stove every winter.",
];

async fn remember_life(ada: &Client, clone: &str) {
    for content in LIFE {
        ada.remember(clone, content).await;
    }
}

#[tokio::test]
async fn a_memory_is_found_the_moment_it_is_acknowledged() {
    let (_server, ada, clone) = begin().await;
    for i in 0..40 {
        let content = format!("The quaint kestrel{i} nested on the church tower.");
        ada.remember(&clone, &content).await;
        for mode in ["text", "hybrid"] {
            let found = ada.finds(&clone, &format!("kestrel{i}"), &format!("&mode={mode}")).await;
            assert_eq!(found.first(), Some(&content), "{mode} {i}");
        }
    }
}

/// Waits until the text indexes have everything.
async fn is_indexed(server: &Server) {
    until("everything is indexed", || async {
        let left = metric(&server.client(), "clonememoria_index_pending").await;
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_somebody_keeps_to_themselves_stays_hidden_while_the_index_takes_it_in() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    ben.joins(&ada, &space, "visitor").await;
    let clone =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", clone).await.is(201));
    let public = ada.remember(&clone, "We swam in the lake beside the mill.").await;
    for round in 0..4 {
        // Whoever searches leaves a state behind, which the index overtakes.
        assert_eq!(ben.finds(&clone, "lake", "").await.len(), usize::from(round == 0));
        let own = format!("The walnut{round} box holds the letters from the front.");
        ada.remember_as(&clone, json!({"content": own, "visibility": "author"})).await;
        let path = format!("/clones/{clone}/memories/{}", id(&public));
        ada.patch(&path, json!({"visibility": "author"})).await.is(200);
        is_indexed(&server).await;
        for mode in ["text", "vector", "hybrid"] {
            for words in [&format!("walnut{round} box letters"), "lake mill"] {
                let found = ben.finds(&clone, words, &format!("&mode={mode}")).await;
                assert!(found.is_empty(), "{mode}, round {round}: {found:?}");
            }
        }
        let (_, answer) = ben.say(&ben.converse(&clone).await, "What holds the letters?").await;
        assert!(!answer["content"].as_str().unwrap().contains("walnut"), "{answer}");
        assert!(!ada.finds(&clone, "walnut letters", "").await.is_empty());
    }
}

#[tokio::test]
async fn a_changed_memory_is_found_by_its_new_words_and_not_by_its_old_ones() {
    let (_server, ada, clone) = begin().await;
    let made = ada.remember(&clone, "She loved the xylophone.").await;
    let path = format!("/clones/{clone}/memories/{}", id(&made));
    for (old, new) in [("xylophone", "bassoon"), ("bassoon", "theremin")] {
        let change = json!({"content": format!("She loved the {new}.")});
        ada.patch(&path, change).await.is(200);
        assert_eq!(ada.search(&clone, new, "&mode=text").await.len(), 1);
        assert!(ada.search(&clone, old, "&mode=text").await.is_empty());
    }
}

#[tokio::test]
async fn a_memory_is_found_by_what_it_means() {
    let (_server, ada, clone) = begin().await;
    remember_life(&ada, &clone).await;
    for (question, expected) in [
        ("Who had a vehicle with two wheels?", LIFE[0]),
        ("When was the child born?", LIFE[1]),
        ("insects", LIFE[2]),
        ("What happened with the pet when it was cold?", LIFE[5]),
    ] {
        for mode in ["vector", "hybrid"] {
            until(&format!("{mode} finds {question}"), || async {
                let more = format!("&mode={mode}&limit=2");
                let found = ada.finds(&clone, question, &more).await;
                found.iter().any(|text| text == expected).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn positions_are_code_points_of_the_original() {
    let (_server, ada, clone) = begin().await;
    let filler = "Éléonore 👩🏽‍🚀 שלום talked about nothing much for a while. ".repeat(60);
    let content = format!("{filler}Then the 🦓 zebra ran through Łódź 漢字. {filler}");
    let memory = ada.remember(&clone, &content).await;
    for question in ["zebra", "Łódź", "lodz"] {
        let hits = ada.search(&clone, question, "&mode=text").await;
        let hit = hits.first().unwrap_or_else(|| panic!("{question} is not found"));
        assert_eq!(hit["id"], memory["id"]);
        let passage = text(&hit["text"]);
        let length = passage.chars().count();
        let start = usize::try_from(hit["text_start"].as_u64().unwrap()).unwrap();
        assert_eq!(passage, slice(&content, start, length), "{question}");
        assert_eq!(hit["locator"]["start"], start);
        assert_eq!(hit["locator"]["end"], start + length);
        let highlights: Vec<(usize, usize)> =
            serde_json::from_value(hit["highlights"].clone()).unwrap();
        assert!(!highlights.is_empty(), "{question}: {hit}");
        let marked: Vec<String> = highlights
            .iter()
            .map(|(from, to)| {
                assert!(start <= *from && from < to && *to <= start + length, "{hit}");
                slice(&content, *from, to - from)
            })
            .collect();
        let wanted = if question == "zebra" { "zebra" } else { "Łódź" };
        assert!(marked.iter().any(|slice| slice.contains(wanted)), "{question}: {marked:?}");
    }
}

#[tokio::test]
async fn filters_choose_before_anything_is_ranked() {
    let (_server, ada, clone) = begin().await;
    let memories = json!({"memories": [
        {"content": "The harbour in winter", "people": ["Anna"], "place": "Gdynia",
         "kind": "letter", "source": "diary", "occurred_at": "1950"},
        {"content": "The harbour in spring", "people": ["Jan"], "place": "Hel",
         "tags": ["sea"], "source": "letters", "occurred_at": "1960-05"},
        {"content": "The harbour, undated"},
    ]});
    ada.post(&format!("/clones/{clone}/memories/batch"), memories).await.is(200);
    let cases: &[(&str, &[&str])] = &[
        ("", &["The harbour in spring", "The harbour in winter", "The harbour, undated"]),
        ("&person=anna", &["The harbour in winter"]),
        ("&place=Hel", &["The harbour in spring"]),
        ("&source=diary", &["The harbour in winter"]),
        ("&from=1955", &["The harbour in spring"]),
        ("&to=1955", &["The harbour in winter"]),
        ("&from=1949&to=1961&person=Jan", &["The harbour in spring"]),
        ("&kind=memory&person=Jan", &["The harbour in spring"]),
        ("&kind=document", &[]),
        ("&memory_kind=letter", &["The harbour in winter"]),
        ("&tag=sea", &["The harbour in spring"]),
        ("&tag=sea&memory_kind=letter", &[]),
    ];
    for (more, expected) in cases {
        for mode in ["text", "hybrid"] {
            let mut found = ada.finds(&clone, "harbour", &format!("{more}&mode={mode}")).await;
            found.sort_unstable();
            assert_eq!(&found, expected, "{more} {mode}");
        }
    }
    assert_eq!(ada.search(&clone, "harbour", "&limit=1").await.len(), 1);
}

#[tokio::test]
async fn an_unfinished_word_finds_what_it_begins() {
    let (_server, ada, clone) = begin().await;
    ada.remember(&clone, "Our dog Biscuit ate the goose.").await;
    let finds = async |question: &str, more: &str| ada.finds(&clone, question, more).await;
    let marked = ada.search(&clone, "goose bisc", "&mode=text&typing=true").await;
    assert_eq!(marked[0]["highlights"], json!([[8, 15], [24, 29]]), "{marked:?}");
    assert!(finds("bisc", "&mode=text").await.is_empty());
    assert!(!finds("bisc", "&mode=text&typing=true").await.is_empty());
    // A word that was ended is whole.
    assert!(finds("bisc ", "&mode=text&typing=true").await.is_empty());
    assert!(finds("xyzzy", "&mode=text&typing=true").await.is_empty());
}

#[tokio::test]
async fn wrong_searches_are_refused() {
    let (_server, ada, clone) = begin().await;
    let path = format!("/clones/{clone}/search");
    ada.get(&format!("{path}?q=")).await.invalid(&["q"]);
    ada.get(&format!("{path}?q={}", "x".repeat(2_001))).await.invalid(&["q"]);
    ada.get(&format!("{path}?q=x&from=then&to=soon")).await.invalid(&["from", "to"]);
    ada.get(&format!("{path}?q=x&limit=0")).await.invalid(&["limit"]);
    ada.get(&format!("{path}?q=x&limit=101")).await.invalid(&["limit"]);
    ada.get(&path).await.problem(400, "malformed");
    let mode = ada.get(&format!("{path}?q=x&mode=magic")).await;
    assert!(matches!(mode.status, 400 | 422) && !mode.text().contains("magic"), "{}", mode.text());
}

#[tokio::test]
async fn every_question_is_answered_with_200_whatever_it_says() {
    let long_ones = [("CLONEMEMORIA_LIMITS_QUESTION_CHARS", "2000")];
    let (_server, ada, clone) = begin_with(&long_ones).await;
    remember_life(&ada, &clone).await;
    let long = "word ".repeat(399);
    let word = "a".repeat(2_000);
    let brackets = "(".repeat(1_000) + &")".repeat(1_000);
    let numbers: String = (0..400).map(|number| format!("{number} ")).collect();
    let questions = [
        "\"",
        "(",
        ")",
        "[a TO b]",
        "title:x",
        "a AND",
        "NOT",
        "+",
        "-",
        "*",
        "?",
        "~",
        "^2",
        "\\",
        "content:/.*/",
        "' OR 1=1 --",
        "👩🏽‍🚀",
        "שלום עולם",
        "مرحبا",
        "漢字",
        "\u{202e}abc",
        "\u{feff}",
        "a\tb",
        &long,
        &word,
        &brackets,
        &numbers,
        "(a+)+$",
        "\u{301}\u{301}\u{301}",
        "\u{200d}\u{200d}",
        "%",
        "the",
        "I",
        "?!?",
        "…",
    ];
    for question in questions {
        for mode in ["text", "vector", "hybrid"] {
            let path = format!("/clones/{clone}/search?mode={mode}&q={}", quoted(question));
            let reply = ada.get(&path).await;
            // Only what has no visible character at all is no question.
            assert!(matches!(reply.status, 200 | 422), "{question:?}: {}", reply.text());
            assert_eq!(reply.status == 422, question == "\u{feff}" && reply.status == 422);
        }
    }
}

#[tokio::test]
async fn texts_of_all_scripts_are_found() {
    let (_server, ada, clone) = begin().await;
    let cases = [
        ("סבתא אפתה עוגיות בכל שישי", "עוגיות"),
        ("كانت جدتي تخبز الخبز كل صباح", "الخبز"),
        ("Бабушка пекла пироги по воскресеньям", "пироги"),
        ("祖母は毎朝パンを焼いた", "パン"),
        ("Ο παππούς έπαιζε μπουζούκι", "μπουζούκι"),
        ("Das Straßenfest fand im Juli statt", "Straßenfest"),
        ("Na trhu jsme koupili žluťoučkého koně", "koně"),
    ];
    for (content, word) in cases {
        ada.remember(&clone, content).await;
        let found = ada.finds(&clone, word, "&mode=text").await;
        assert_eq!(found, [content], "{word}");
    }
    let party = ada.remember(&clone, "We celebrated 🎉🎂 with everybody").await;
    let found = ada.search(&clone, "celebrated", "&mode=text").await;
    assert_eq!(each(&found, "id"), [&*id(&party)]);
}

#[tokio::test]
async fn a_search_stays_in_its_clone() {
    let (server, ada, clone) = begin().await;
    let other = ada.new_clone("Other").await;
    let ben = server.account("ben").await;
    let his = ben.new_clone("His").await;
    ada.remember(&clone, "The blue teapot belonged to Maria.").await;
    ada.remember(&other, "The blue teapot belonged to somebody else.").await;
    ben.remember(&his, "The blue teapot belonged to Ben.").await;
    for (who, clone, owner) in
        [(&ada, &clone, "Maria"), (&ada, &other, "else"), (&ben, &his, "Ben")]
    {
        for mode in ["text", "vector", "hybrid"] {
            let more = format!("&mode={mode}");
            for found in who.finds(clone, "blue teapot", &more).await {
                assert!(found.contains(owner), "{found}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_deleted_is_not_found_and_what_comes_back_is() {
    let (_server, ada, clone) = begin().await;
    remember_life(&ada, &clone).await;
    let hit = ada.search(&clone, "motorcycle", "&mode=text").await.remove(0);
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&hit))).await.is(204);
    for (question, mode) in [("motorcycle", "text"), ("motorcycle", "vector"), ("bike", "hybrid")] {
        let found = ada.search(&clone, question, &format!("&mode={mode}")).await;
        assert!(found.iter().all(|found| found["id"] != hit["id"]), "{mode}");
    }
    ada.ask(Method::POST, &format!("/trash/{}/restore", id(&hit))).await.is(204);
    assert_eq!(ada.search(&clone, "motorcycle", "&mode=text").await.len(), 1);
    until("it is found by meaning again", || async {
        let found = ada.search(&clone, "a bike with an engine", "&mode=vector&limit=1").await;
        (found.first()?["id"] == hit["id"]).then_some(())
    })
    .await;
}

/// What all memories of [`LIFE`] are found by.
/// Some 70 small memories, found by meaning, and the clone that has them.
async fn remember_many(ada: &Client) -> String {
    let people = ["the baker", "my aunt", "a sailor", "our teacher", "the doctor", "a soldier"];
    let deeds = ["sang in church", "repaired a radio", "lost the keys", "fed the horses"];
    let places = ["in the harbour", "on the mountain", "at the station"];
    let told = people.iter().flat_map(|who| deeds.iter().map(move |did| format!("{who} {did}")));
    let told = told.flat_map(|told| places.iter().map(move |place| format!("{told} {place}.")));
    let memories: Vec<Value> = told.map(|text| json!({"content": text})).collect();
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}/memories/batch");
    ada.post(&path, json!({"memories": memories})).await.is(200);
    until("all can be found by meaning", || async {
        let found = ada.finds(&clone, "music", "&mode=vector&limit=100").await;
        (found.len() == memories.len()).then_some(())
    })
    .await;
    clone
}

/// A graph is built far above what a test can embed; here it is made small, and must find what
/// the scan of all vectors finds.
#[tokio::test]
async fn a_graph_finds_what_a_scan_finds() {
    let scanning = Server::start().await;
    let eve = scanning.admin().await;
    let scanned = remember_many(&eve).await;
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_GRAPH_ABOVE", "60")]).await;
    let ada = server.admin().await;
    let clone = remember_many(&ada).await;
    // Wakes the worker, now that the vectors are in memory.
    for (client, clone) in [(&ada, &clone), (&eve, &scanned)] {
        client.remember(clone, "The cat had kittens in the hay.").await;
    }
    let built = || server.log().contains("a search graph was built");
    until("there is a graph", || async { built().then_some(()) }).await;
    for question in ["Who made music?", "Who looked after animals?", "What was mended up high?"] {
        let by_graph = ada.finds(&clone, question, "&mode=vector&limit=8").await;
        let by_scan = eve.finds(&scanned, question, "&mode=vector&limit=8").await;
        assert_eq!(by_graph, by_scan, "{question}");
    }
    // What comes after the graph, and what goes from under it.
    let animals = async || ada.finds(&clone, "Which dog had young ones?", "&mode=vector").await;
    let puppies = "Our dog had puppies in the cellar.";
    let memory = ada.remember(&clone, puppies).await;
    assert_eq!(animals().await[0], puppies);
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&memory))).await.is(204);
    assert!(!animals().await.contains(&puppies.to_owned()));
}

async fn finds_everything(ada: &Client, clone: &str) {
    let words = ["motorcycle", "doctor", "bees", "mathematics", "accordion", "stove"];
    for (word, content) in words.into_iter().zip(LIFE) {
        until(&format!("{word} is found"), || async {
            let found = ada.get(&format!("/clones/{clone}/search?q={word}&mode=text")).await;
            let found = found.is(200);
            let hits = found["hits"].as_array()?;
            assert!(hits.len() <= 1, "{word}: {hits:?}");
            (hits.first()?["text"] == content).then_some(())
        })
        .await;
    }
    until("meaning is found", || async {
        let found = ada.finds(clone, "insects", "&mode=vector&limit=1").await;
        (found.first()? == LIFE[2]).then_some(())
    })
    .await;
}

fn files_below(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

async fn survives(damage: impl Fn(&Path)) {
    let (mut server, ada, clone) = begin().await;
    remember_life(&ada, &clone).await;
    finds_everything(&ada, &clone).await;
    server.restart().await;
    let ada = server.again(&ada);
    finds_everything(&ada, &clone).await;
    assert_eq!(server.stop().await, 0);
    damage(&server.data().join("index"));
    server.run().await;
    let ada = server.again(&ada);
    finds_everything(&ada, &clone).await;
    let more = ada.remember(&clone, "And then came the tangerines.").await;
    let found = ada.search(&clone, "tangerines", "&mode=text").await;
    assert_eq!(each(&found, "id"), [text(&more["id"])]);
    let empty: Vec<Value> = ada.search(&clone, "xyzzy", "&mode=text").await;
    assert!(empty.is_empty());
}

#[tokio::test]
async fn without_its_index_a_server_finds_everything_again() {
    survives(|index| fs::remove_dir_all(index).unwrap()).await;
}

#[tokio::test]
async fn an_index_cut_short_is_built_again() {
    survives(|index| {
        let mut files = Vec::new();
        files_below(index, &mut files);
        assert!(!files.is_empty(), "there was no index to damage");
        for file in files {
            fs::write(file, b"").unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_index_full_of_garbage_is_built_again() {
    survives(|index| {
        let mut files = Vec::new();
        files_below(index, &mut files);
        for file in files {
            let length = fs::metadata(&file).unwrap().len();
            let garbage: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
            fs::write(file, garbage).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_index_with_files_missing_is_built_again() {
    survives(|index| {
        let mut files = Vec::new();
        files_below(index, &mut files);
        for file in files.iter().filter(|file| !file.ends_with("meta.json")) {
            fs::remove_file(file).unwrap();
        }
    })
    .await;
}
