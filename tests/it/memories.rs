//! Memories: written, dated, changed with what they said before, counted, ordered.

use http::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;

async fn begin() -> (Server, Client, String) {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    (server, ada, clone)
}

fn at(clone: &str) -> String {
    format!("/clones/{clone}/memories")
}

#[tokio::test]
async fn a_memory_keeps_everything_that_was_said() {
    let (_server, ada, clone) = begin().await;
    let said = json!({
        "content": "  We met at the harbour.\n\nIt rained. 🌧️ שלום ",
        "title": "How we met",
        "kind": "story",
        "occurred_at": "1962-07~",
        "occurred_text": "in the summer of 62",
        "place": "Łódź",
        "people": ["Anna", "Józef"],
        "tags": ["love", "sea"],
        "visibility": "stewards",
        "external_id": "letter-7",
        "metadata": {"page": 3, "nested": {"a": [1, null]}},
        "source": "letters",
        "speaker": "Maria",
        "thread": "interview 1",
        "sequence": -4,
    });
    let reply = ada.post(&at(&clone), said.clone()).await;
    let etag = reply.header("etag").unwrap().to_owned();
    let made = reply.is(201);
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["occurred_earliest"], "1962-07-01");
    assert_eq!(made["occurred_latest"], "1962-07-31");
    assert_eq!((&made["revision"], &made["clone_id"]), (&json!(1), &json!(clone)));
    assert_eq!(made["author_id"], ada.get("/auth/me").await.is(200)["id"]);
    let reply = ada.get(&format!("{}/{}", at(&clone), id(&made))).await;
    assert_eq!(reply.header("etag"), Some(&*etag));
    assert_eq!(reply.is(200), made);
    assert_eq!(items(&ada.get("/memories").await.is(200)), [made]);
}

#[tokio::test]
async fn fuzzy_dates_are_understood() {
    let (_server, ada, clone) = begin().await;
    let cases = [
        ("1962", "1962-01-01", "1962-12-31"),
        ("1962-07", "1962-07-01", "1962-07-31"),
        ("1962-07-14", "1962-07-14", "1962-07-14"),
        ("1962-07-14T15:30:00Z", "1962-07-14", "1962-07-14"),
        ("1958/1994", "1958-01-01", "1994-12-31"),
        ("2004-02", "2004-02-01", "2004-02-29"),
    ];
    for (date, earliest, latest) in cases {
        let body = json!({"content": "It happened.", "occurred_at": date});
        let memory = ada.remember_as(&clone, body).await;
        assert_eq!(memory["occurred_at"], date);
        assert_eq!(memory["occurred_earliest"], earliest, "{date}");
        assert_eq!(memory["occurred_latest"], latest, "{date}");
    }
    for date in ["1962~", "1962?", "196X", "../1950", "1950/.."] {
        let body = json!({"content": "It happened.", "occurred_at": date});
        let memory = ada.remember_as(&clone, body).await;
        assert_eq!(memory["occurred_at"], date);
        assert!(memory["occurred_earliest"].is_string() || memory["occurred_latest"].is_string());
    }
}

#[tokio::test]
async fn impossible_dates_are_refused_with_their_place() {
    let (_server, ada, clone) = begin().await;
    let wrong = [
        "",
        " ",
        "yesterday",
        "1962-13",
        "1962-02-30",
        "62",
        "1962/1960",
        "0999",
        "2201",
        "1962-7",
        "14.07.1962",
        "1962-07-14T25:00:00Z",
        "/",
        "1962//1963",
    ];
    for date in wrong {
        let body = json!({"content": "It happened.", "occurred_at": date});
        let problem = ada.post(&at(&clone), body).await.invalid(&["/occurred_at"]);
        assert!(date.len() < 3 || !problem.to_string().contains(date), "{problem}");
    }
    ada.get(&format!("{}?from=then", at(&clone))).await.invalid(&["from"]);
}

#[tokio::test]
async fn words_about_a_date_are_understood_in_the_language_of_the_account() {
    let (_server, ada, clone) = begin().await;
    let said = |words: &str| json!({"content": "It happened.", "occurred_text": words});
    let summer = ada.remember_as(&clone, said("in July 1962")).await;
    assert_eq!(summer["occurred_text"], "in July 1962");
    assert_eq!(summer["occurred_earliest"], "1962-07-01");
    assert_eq!(summer["occurred_latest"], "1962-07-31");
    let lost = ada.remember_as(&clone, said("when the cows came home")).await;
    assert_eq!(lost["occurred_text"], "when the cows came home");
    assert_eq!(lost["occurred_at"], Value::Null);
    ada.patch("/auth/me", json!({"locale": "fr"})).await.is(200);
    let summer = ada.remember_as(&clone, said("en juillet 1962")).await;
    assert_eq!(summer["occurred_earliest"], "1962-07-01");
    // New words replace what the old ones meant; an own date wins over words.
    let path = format!("{}/{}", at(&clone), id(&summer));
    let changed = ada.patch(&path, json!({"occurred_text": "en mai 1970"})).await.is(200);
    assert_eq!(changed["occurred_earliest"], "1970-05-01");
    let both = json!({"occurred_text": "en juin 1980", "occurred_at": "1981"});
    assert_eq!(ada.patch(&path, both).await.is(200)["occurred_at"], "1981");
    // People also write in another language than the one they read.
    let english = ada.remember_as(&clone, said("summer of 1962")).await;
    assert_eq!(english["occurred_at"], "1962-22");
}

#[tokio::test]
async fn what_is_wrong_with_a_memory_is_named() {
    let (_server, ada, clone) = begin().await;
    let path = at(&clone);
    for content in ["", "   ", "\n\t"] {
        ada.post(&path, json!({"content": content})).await.invalid(&["/content"]);
    }
    let letters = |count: usize| json!({"content": "é".repeat(count)});
    ada.post(&path, letters(50_000)).await.is(201);
    ada.post(&path, letters(50_001)).await.invalid(&["/content"]);
    ada.post(&path, json!({"content": "a\u{0}b"})).await.invalid(&["/content"]);
    ada.post(&path, json!({})).await.invalid(&["/content"]);
    ada.post(&path, json!({"content": 7})).await.invalid(&["/content"]);
    ada.post(&path, json!({"content": "x", "knid": "fact"})).await.invalid(&["/knid"]);
    ada.post(&path, json!({"content": "x", "kind": "lie"})).await.invalid(&["/kind"]);
    ada.post(&path, json!({"content": "x", "people": [""]})).await.invalid(&["/people/0"]);
    ada.post(&path, json!({"content": "x", "people": "Anna"})).await.invalid(&["/people"]);
    ada.post(&path, json!({"content": "x", "metadata": [1]})).await.invalid(&["/metadata"]);
    let big = json!({"content": "x", "metadata": {"k": "v".repeat(17_000)}});
    ada.post(&path, big).await.invalid(&["/metadata"]);
    ada.post(&path, json!({"content": "x", "sequence": 1.5})).await.invalid(&["/sequence"]);
    let made = ada.remember(&clone, "The one that stays.").await;
    let one = format!("{path}/{}", id(&made));
    ada.patch(&one, json!({"content": null})).await.invalid(&["/content"]);
    ada.patch(&one, json!({"revision": 9})).await.invalid(&["/revision"]);
    assert_eq!(ada.get(&one).await.is(200), made);
}

#[tokio::test]
async fn a_batch_is_idempotent_and_one_bad_memory_does_not_keep_the_others_out() {
    let (_server, ada, clone) = begin().await;
    let path = format!("{}/batch", at(&clone));
    let memories = json!({"memories": [
        {"content": "First.", "external_id": "1", "occurred_at": "1962"},
        {"content": "Second.", "external_id": "2"},
        {"content": "No id."},
        {"content": ""},
        {"content": "x", "occurred_at": "never"},
        {"content": "x", "surprise": 1},
        "text",
    ]});
    let outcome = ada.post(&path, memories).await.is(200);
    let counts = |outcome: &Value| {
        ["created", "updated", "unchanged"].map(|count| outcome[count].as_u64().unwrap())
    };
    assert_eq!(counts(&outcome), [3, 0, 0]);
    let failed = outcome["failed"].as_array().unwrap();
    let places: Vec<&Value> = failed.iter().map(|failed| &failed["index"]).collect();
    assert_eq!(places, [3, 4, 5, 6]);
    assert!(failed.iter().all(|failed| failed["problem"]["status"] == 422), "{failed:?}");
    assert_eq!(failed[0]["problem"]["errors"][0]["pointer"], "/memories/3/content");
    assert_eq!(failed[1]["problem"]["errors"][0]["pointer"], "/memories/4/occurred_at");

    let again = json!({"memories": [
        {"content": "First.", "external_id": "1", "occurred_at": "1962"},
        {"content": "Second, corrected.", "external_id": "2"},
        {"content": "Third.", "external_id": "3"},
    ]});
    assert_eq!(counts(&ada.post(&path, again.clone()).await.is(200)), [1, 1, 1]);
    assert_eq!(counts(&ada.post(&path, again).await.is(200)), [0, 0, 3]);
    let listed = items(&ada.get(&at(&clone)).await.is(200));
    let mut contents = each(&listed, "content");
    contents.sort_unstable();
    assert_eq!(contents, ["First.", "No id.", "Second, corrected.", "Third."]);
    let second = listed.iter().find(|memory| memory["external_id"] == "2").unwrap();
    assert_eq!(second["revision"], 2);
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"], 4);

    let twice = json!({"memories": [
        {"content": "Twice.", "external_id": "t"}, {"content": "Twice.", "external_id": "t"},
    ]});
    assert_eq!(counts(&ada.post(&path, twice).await.is(200)), [1, 0, 1]);
    let empty = ada.post(&path, json!({"memories": []})).await.is(200);
    assert_eq!(counts(&empty), [0, 0, 0]);
    let many = json!({"memories": vec![json!({"content": "x"}); 1_001]});
    ada.post(&path, many).await.invalid(&["/memories"]);
}

#[tokio::test]
async fn a_thousand_memories_are_written_and_found_at_once() {
    let (_server, ada, clone) = begin().await;
    let memories: Vec<Value> =
        (0..1_000).map(|i| json!({"content": format!("On day {i} we saw zebra{i}.")})).collect();
    let path = format!("{}/batch", at(&clone));
    let outcome = ada.post(&path, json!({"memories": memories})).await.is(200);
    assert_eq!(outcome["created"], 1_000);
    for i in [0, 499, 999] {
        let found = ada.finds(&clone, &format!("zebra{i}"), "&mode=text&limit=1").await;
        assert_eq!(found, [format!("On day {i} we saw zebra{i}.")]);
    }
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"], 1_000);
}

#[tokio::test]
async fn an_external_id_belongs_to_one_memory() {
    let (_server, ada, clone) = begin().await;
    let other = ada.new_clone("Other").await;
    let body = json!({"content": "Mine.", "external_id": "7"});
    let first = ada.remember_as(&clone, body.clone()).await;
    ada.post(&at(&clone), body.clone()).await.problem(409, "external_id_taken");
    ada.remember_as(&other, body.clone()).await;
    let free = ada.remember(&clone, "Free.").await;
    let path = format!("{}/{}", at(&clone), id(&free));
    let taken = ada.patch(&path, json!({"external_id": "7"})).await;
    taken.problem(409, "external_id_taken");
    // In the trash it does not hold the id; coming back it must not take another's.
    ada.delete(&format!("{}/{}", at(&clone), id(&first))).await.is(204);
    ada.patch(&path, json!({"external_id": "7"})).await.is(200);
    let back = ada.ask(Method::POST, &format!("/trash/{}/restore", id(&first))).await;
    back.problem(409, "external_id_taken");
}

#[tokio::test]
async fn what_a_memory_said_before_is_kept_and_can_be_said_again() {
    let (_server, ada, clone) = begin().await;
    let made = ada
        .remember_as(&clone, json!({"content": "One.", "title": "T", "occurred_at": "1950"}))
        .await;
    let path = format!("{}/{}", at(&clone), id(&made));
    ada.patch(&path, json!({"content": "Two.", "title": null})).await.is(200);
    let third = ada.patch(&path, json!({"content": "Three.", "occurred_at": "1960"})).await.is(200);
    assert_eq!(third["revision"], 3);
    let same = ada.patch(&path, json!({"content": "Three."})).await.is(200);
    assert_eq!(same["revision"], 3, "a change to the same is no change");
    let revisions = items(&ada.get(&format!("{path}/revisions")).await.is(200));
    assert_eq!(each(&revisions, "content"), ["Two.", "One."]);
    assert_eq!((&revisions[0]["n"], &revisions[1]["n"]), (&json!(2), &json!(1)));
    assert_eq!(revisions[1]["title"], "T");
    assert_eq!(revisions[1]["changed_by"], made["author_id"]);
    let back = ada.ask(Method::POST, &format!("{path}/revisions/1/restore")).await.is(200);
    assert_eq!((&back["content"], &back["title"]), (&json!("One."), &json!("T")));
    assert_eq!((&back["occurred_at"], &back["revision"]), (&json!("1950"), &json!(4)));
    assert_eq!(items(&ada.get(&format!("{path}/revisions")).await.is(200)).len(), 3);
    let none = ada.ask(Method::POST, &format!("{path}/revisions/99/restore")).await;
    none.problem(404, "not_found");
}

#[tokio::test]
async fn a_stale_change_is_refused() {
    let (_server, ada, clone) = begin().await;
    let made = ada.remember(&clone, "One of them.").await;
    let path = format!("{}/{}", at(&clone), id(&made));
    let tag = ada.get(&path).await.header("etag").unwrap().to_owned();
    ada.patch(&path, json!({"content": "Two."})).header("if-match", &tag).await.is(200);
    let stale = ada.patch(&path, json!({"content": "Three."})).header("if-match", &tag).await;
    stale.problem(412, "stale");
}

#[tokio::test]
async fn filters_choose_and_combine() {
    let (_server, ada, clone) = begin().await;
    let memories = json!({"memories": [
        {"content": "Apples in autumn", "kind": "fact", "tags": ["fruit"], "place": "Kraków",
         "people": ["Anna"], "source": "diary", "occurred_at": "1950"},
        {"content": "Pears in autumn", "kind": "story", "tags": ["fruit", "sweet"],
         "place": "Gdańsk", "people": ["Anna", "Jan"], "source": "letters", "occurred_at": "1960"},
        {"content": "Snow", "kind": "story", "occurred_at": "1970-01"},
        {"content": "Undated apples"},
    ]});
    ada.post(&format!("{}/batch", at(&clone)), memories).await.is(200);
    let author = ada.get("/auth/me").await.is(200)["id"].clone();
    let cases: &[(&str, &[&str])] = &[
        ("kind=fact", &["Apples in autumn"]),
        ("tag=fruit", &["Apples in autumn", "Pears in autumn"]),
        ("tag=fruit&kind=story", &["Pears in autumn"]),
        ("person=Jan", &["Pears in autumn"]),
        ("person=anna&place=krak%C3%B3w", &["Apples in autumn"]),
        ("source=letters", &["Pears in autumn"]),
        ("q=apples", &["Apples in autumn", "Undated apples"]),
        ("q=autumn+pears", &["Pears in autumn"]),
        ("from=1955", &["Pears in autumn", "Snow"]),
        ("to=1960", &["Apples in autumn", "Pears in autumn"]),
        ("from=1955&to=1965", &["Pears in autumn"]),
        ("tag=nothing", &[]),
        ("author=01900000-0000-7000-8000-000000000000", &[]),
    ];
    for (query, expected) in cases {
        let found = items(&ada.get(&format!("{}?{query}", at(&clone))).await.is(200));
        let mut contents = each(&found, "content");
        contents.sort_unstable();
        assert_eq!(&contents, expected, "{query}");
    }
    let all = format!("{}?author={}", at(&clone), text(&author));
    assert_eq!(items(&ada.get(&all).await.is(200)).len(), 4);
    let unknown = ada.get(&format!("{}?kind=lie", at(&clone))).await;
    assert!(matches!(unknown.status, 400 | 422));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_double_even_filtered() {
    let (_server, ada, clone) = begin().await;
    let other = ada.new_clone("Other").await;
    let memory =
        |i: usize| json!({"content": format!("Memory {i}"), "tags": [format!("t{}", i % 3)]});
    let memories: Vec<Value> = (0..50).map(memory).collect();
    for clone in [&clone, &other] {
        let path = format!("{}/batch", at(clone));
        ada.post(&path, json!({"memories": memories})).await.is(200);
    }
    let all = |path: String| {
        let ada = ada.clone();
        async move {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = ada.get(&format!("{path}{cursor}")).await.is(200);
                let items = items(&page);
                assert!(items.len() <= 7);
                seen.extend(items.iter().map(id));
                let Some(next) = page["next_cursor"].as_str() else { return seen };
                cursor = format!("&cursor={next}");
            }
        }
    };
    for (path, count) in [
        (format!("{}?limit=7", at(&clone)), 50),
        (format!("{}?limit=7&tag=t1", at(&clone)), 17),
        ("/memories?limit=7".to_owned(), 100),
        (format!("{}?limit=7&q=memory+4", at(&clone)), 11),
    ] {
        let seen = all(path.clone()).await;
        let mut sorted = seen.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!(seen, sorted, "{path}: newest first, each once");
        if !path.contains("q=") {
            assert_eq!(seen.len(), count, "{path}");
        }
    }
    ada.get(&format!("{}?cursor=!", at(&clone))).await.problem(400, "malformed");
    // A cursor of another clone's list is none of this one.
    let foreign = ada.get(&format!("{}?limit=7", at(&other))).await.is(200);
    let foreign = text(&foreign["next_cursor"]);
    ada.get(&format!("{}?cursor={foreign}", at(&clone))).await.problem(400, "malformed");
    ada.get(&format!("{}?cursor={foreign}", at(&other))).await.is(200);
}

#[tokio::test]
async fn people_are_records_that_memories_lead_to() {
    let (_server, ada, clone) = begin().await;
    let path = format!("/clones/{clone}/people");
    let said = json!({
        "name": "Anna Kowalska", "aliases": ["Ania"], "relation": "sister",
        "born": "1930~", "died": "2001", "notes": "Played the piano.",
    });
    let anna = ada.post(&path, said.clone()).await.is(201);
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&anna[field], value, "{field}");
    }
    for people in [["Anna Kowalska"], ["ania"], ["Jan"]] {
        ada.remember_as(&clone, json!({"content": "A visit.", "people": people})).await;
    }
    let one = format!("{path}/{}", id(&anna));
    assert_eq!(ada.get(&one).await.is(200)["memory_count"], 2);
    let tag = ada.get(&one).await.header("etag").unwrap().to_owned();
    let change = json!({"notes": null, "relation": "cousin"});
    let changed = ada.patch(&one, change).header("if-match", &tag).await.is(200);
    assert_eq!((&changed["notes"], &changed["relation"]), (&Value::Null, &json!("cousin")));
    let stale = ada.patch(&one, json!({"name": "A"})).header("if-match", &tag).await;
    assert_eq!(stale.status, 412);
    ada.post(&path, json!({"name": ""})).await.invalid(&["/name"]);
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["people_count"], 1);
    ada.delete(&one).await.is(204);
    ada.get(&one).await.problem(404, "not_found");
    assert!(items(&ada.get(&path).await.is(200)).is_empty());
    ada.ask(Method::POST, &format!("/trash/{}/restore", id(&anna))).await.is(204);
    assert_eq!(ada.get(&one).await.is(200)["name"], "Anna Kowalska");
}

#[tokio::test]
async fn the_timeline_is_in_the_order_in_which_it_happened() {
    let (_server, ada, clone) = begin().await;
    let dates = ["1980", "1962-07-14", "../1950", "1962-07", "1958/1994", "1962", "1994-12-31"];
    for date in dates {
        ada.remember_as(&clone, json!({"content": date, "occurred_at": date})).await;
    }
    ada.remember(&clone, "undated").await;
    let path = format!("/clones/{clone}/timeline");
    let whole = ada.get(&path).await.is(200);
    let starts = items(&whole);
    let starts = each(&starts, "earliest");
    let mut sorted = starts.clone();
    sorted.sort_unstable();
    assert_eq!(starts, sorted);
    assert_eq!(starts.len(), dates.len());
    assert_eq!(each(whole["undated"].as_array().unwrap(), "content"), ["undated"]);

    let mut seen = Vec::new();
    let mut undated = 0;
    let mut cursor = String::new();
    loop {
        let page = ada.get(&format!("{path}?limit=2{cursor}")).await.is(200);
        seen.extend(items(&page).iter().map(|item| id(&item["memory"])));
        undated += page["undated"].as_array().unwrap().len();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<String> = items(&whole).iter().map(|item| id(&item["memory"])).collect();
    assert_eq!((seen, undated), (expected, 1));

    // A date that changes moves the memory.
    let path_of = |memory: &str| format!("{}/{memory}", at(&clone));
    let first = id(&items(&whole)[0]["memory"]);
    ada.patch(&path_of(&first), json!({"occurred_at": null})).await.is(200);
    let now = ada.get(&path).await.is(200);
    assert_eq!(items(&now).len(), dates.len() - 1);
    assert_eq!(now["undated"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deleted_memory_waits_in_the_trash_and_comes_back_whole() {
    let (_server, ada, clone) = begin().await;
    let body = json!({"content": "The lake froze over.", "title": "Ice", "occurred_at": "1956-02"});
    let made = ada.remember_as(&clone, body).await;
    let path = format!("{}/{}", at(&clone), id(&made));
    ada.delete(&path).await.is(204);
    ada.get(&path).await.problem(404, "not_found");
    ada.patch(&path, json!({"title": "x"})).await.problem(404, "not_found");
    ada.get(&format!("{path}/revisions")).await.problem(404, "not_found");
    ada.delete(&path).await.problem(404, "not_found");
    assert!(items(&ada.get(&at(&clone)).await.is(200)).is_empty());
    assert!(items(&ada.get(&format!("/clones/{clone}/timeline")).await.is(200)).is_empty());
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"], 0);
    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!((each(&trash, "kind"), each(&trash, "title")), (vec!["memory"], vec!["Ice"]));
    ada.ask(Method::POST, &format!("/trash/{}/restore", id(&trash[0]))).await.is(204);
    let back = ada.get(&path).await.is(200);
    assert_eq!(back, made);
    assert_eq!(items(&ada.get(&format!("/clones/{clone}/timeline")).await.is(200)).len(), 1);
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"], 1);
}

#[tokio::test]
async fn what_belongs_to_a_clone_in_the_trash_waits_for_it() {
    let (_server, ada, clone) = begin().await;
    let memory = id(&ada.remember(&clone, "The lake froze over.").await);
    let talk = ada.converse(&clone).await;
    ada.delete(&format!("{}/{memory}", at(&clone))).await.is(204);
    ada.delete(&format!("/conversations/{talk}")).await.is(204);
    ada.delete(&format!("/clones/{clone}")).await.is(204);
    let restore = |thing: &str| ada.ask(Method::POST, &format!("/trash/{thing}/restore"));
    for thing in [&memory, &talk] {
        restore(thing).await.problem(409, "clone_in_trash");
    }
    for thing in [&clone, &memory, &talk] {
        restore(thing).await.is(204);
    }
    ada.get(&format!("{}/{memory}", at(&clone))).await.is(200);
    ada.get(&format!("/conversations/{talk}")).await.is(200);
}

#[tokio::test]
async fn the_trash_shows_first_what_was_deleted_last() {
    let (_server, ada, clone) = begin().await;
    let mut made = Vec::new();
    for words in ["One.", "Two.", "Three."] {
        made.push(id(&ada.remember(&clone, words).await));
    }
    for number in [1, 0, 2] {
        ada.delete(&format!("{}/{}", at(&clone), made[number])).await.is(204);
    }
    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!(each(&trash, "title"), ["Three.", "One.", "Two."]);
}

#[tokio::test]
async fn a_repeated_wish_writes_one_memory() {
    let (_server, ada, clone) = begin().await;
    let ask = |content: &str| {
        ada.post(&at(&clone), json!({"content": content})).header("idempotency-key", "once")
    };
    let first = ask("The one and only.").await.is(201);
    assert_eq!(ask("The one and only.").await.is(201), first);
    ask("Another one.").await.problem(422, "idempotency_key_reused");
    let path = format!("{}/{}", at(&clone), id(&first));
    ada.delete(&path).await.is(204);
    ask("The one and only.").await.problem(404, "not_found");
    ada.ask(Method::POST, &format!("/trash/{}/restore", id(&first))).await.is(204);
    assert_eq!(items(&ada.get(&at(&clone)).await.is(200)).len(), 1);
}

#[tokio::test]
async fn a_repeated_batch_is_written_down_once_whatever_has_changed_since() {
    let (_server, ada, clone) = begin().await;
    let path = format!("{}/batch", at(&clone));
    ada.remember_as(&clone, json!({"content": "Before.", "external_id": "1"})).await;
    let ask = |more: &str| {
        let memories = json!({"memories": [
            {"content": "After.", "external_id": "1"}, {"content": "Without an id."},
            {"content": more}, {"content": ""},
        ]});
        ada.post(&path, memories).header("idempotency-key", "once")
    };
    let first = ask("One more.").await.is(200);
    assert_eq!([&first["created"], &first["updated"]], [2, 1]);
    let changed = items(&ada.get(&at(&clone)).await.is(200));
    let changed = changed.iter().find(|memory| memory["external_id"] == "1").expect("one");
    let changed = format!("{}/{}", at(&clone), id(changed));
    ada.patch(&changed, json!({"content": "Since."})).await.is(200);
    let again = ask("One more.").await.is(200);
    for count in ["created", "updated", "unchanged"] {
        assert_eq!(again[count], first[count], "{count}");
    }
    assert_eq!(again["failed"][0]["index"], 3);
    assert_eq!(ada.get(&changed).await.is(200)["content"], "Since.");
    ask("Something else.").await.problem(422, "idempotency_key_reused");
    assert_eq!(items(&ada.get(&at(&clone)).await.is(200)).len(), 3);
}
