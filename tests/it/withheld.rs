//! Answers that were made from memories which were thrown away or kept from their readers since.

use serde_json::{Value, json};

use crate::support::client::{Client, id, text};
use crate::support::llm::{Act, Answer, Llm};
use crate::support::server::Server;

const TOLD: &str = "The canary swam across the blue lake in summer.";
const WORD: &str = "canary";

/// Ada's clone in a space, and Ben who may visit it.
struct House {
    server: Server,
    ada: Client,
    ben: Client,
    clone: String,
}

impl House {
    async fn on(server: Server) -> Self {
        let ada = server.admin().await;
        let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
        let body = json!({
            "name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space",
        });
        let clone = id(&ada.post("/clones", body).await.is(201));
        let body = json!({"role": "visitor"});
        let made = ada.post(&format!("/spaces/{space}/invitations"), body).await.is(201);
        let ben = server.account("ben").await;
        ben.post("/invitations/accept", json!({"token": made["token"]})).await.is(200);
        Self { server, ada, ben, clone }
    }

    async fn remember(&self, content: &str) -> String {
        let memory = id(&self.ada.remember(&self.clone, content).await);
        format!("/clones/{}/memories/{memory}", self.clone)
    }
}

/// All that somebody can still have of what was said: each text, as often as it is asked for.
async fn all_of(client: &Client, answer: &Value) -> Vec<String> {
    let conversation = format!("/conversations/{}", text(&answer["conversation_id"]));
    let message = format!("{conversation}/messages/{}", id(answer));
    let mut all = vec![
        client.get(&format!("{conversation}/messages")).await.is(200).to_string(),
        client.post(&format!("{message}/stop"), Value::Null).await.is(200).to_string(),
        client.put(&format!("{message}/feedback"), json!({"rating": 1})).await.is(200).to_string(),
    ];
    for format in ["json", "txt", "md"] {
        let export = client.get(&format!("{conversation}/export?format={format}")).await;
        assert_eq!(export.status, 200);
        all.push(export.text());
    }
    let mut events = client.get(&format!("{message}/events")).events().await;
    while let Some(event) = events.next().await {
        all.push(event.data.to_string());
    }
    all
}

fn told(all: &[String]) -> usize {
    all.iter().filter(|text| text.to_lowercase().contains(WORD)).count()
}

#[tokio::test]
async fn what_was_quoted_goes_when_its_memory_goes_and_comes_back_with_it() {
    let house = House::on(Server::start().await).await;
    let memory = house.remember(TOLD).await;
    house.remember("The house by the blue lake was cold in winter.").await;
    let conversation = house.ben.converse(&house.clone).await;
    let (_, answer) = house.ben.say(&conversation, "Who swam across the blue lake?").await;
    let all = all_of(&house.ben, &answer).await;
    // Listed, stopped, rated, exported three times; its sources, its quote, its end.
    assert_eq!(told(&all), 9, "{all:?}");
    for (hide, show) in [
        (json!({"visibility": "author"}), json!({"visibility": "space"})),
        (json!({"visibility": "stewards"}), json!({"visibility": "space"})),
    ] {
        house.ada.patch(&memory, hide).await.is(200);
        assert_eq!(told(&all_of(&house.ben, &answer).await), 0);
        let messages = house.ben.messages(&conversation).await.into_iter();
        let mut answers = messages.filter(|message| message["role"] == "assistant");
        let shown = answers.next().expect("the answer");
        assert_eq!(shown["citations"][0]["withheld"], true, "{shown}");
        assert!(text(&shown["content"]).contains("[…] [1]"), "{shown}");
        house.ada.patch(&memory, show).await.is(200);
        assert_eq!(told(&all_of(&house.ben, &answer).await), told(&all));
    }
    house.ada.delete(&memory).await.is(204);
    assert_eq!(told(&all_of(&house.ben, &answer).await), 0);
}

#[tokio::test]
async fn what_a_model_said_goes_too_and_is_not_told_to_it_again() {
    let llm = Llm::start().await;
    let said = ["It was the ", WORD, " who swam [1]."];
    llm.always(Act::Answer(Answer::of(&said)));
    let house = House::on(Server::answering_from(&llm.base_url()).await).await;
    let memory = house.remember(TOLD).await;
    let conversation = house.ben.converse(&house.clone).await;
    let (_, answer) = house.ben.say(&conversation, "Who swam across the blue lake?").await;
    assert_eq!(text(&answer["content"]), said.concat());
    house.ada.patch(&memory, json!({"visibility": "author"})).await.is(200);
    assert_eq!(told(&all_of(&house.ben, &answer).await), 0);
    let asked = llm.asked().len();
    llm.always(Act::Answer(Answer::of(&["I do not know."])));
    house.ben.say(&conversation, "Tell me more about it.").await;
    for prompt in llm.asked().into_iter().skip(asked) {
        assert!(!prompt.body.to_string().contains(WORD), "{}", prompt.body);
    }
    assert!(llm.asked().len() > asked);
    // Whose memory it is has everything.
    let hers = house.ada.converse(&house.clone).await;
    llm.always(Act::Answer(Answer::of(&said)));
    let (_, answer) = house.ada.say(&hers, "Who swam across the blue lake?").await;
    assert!(told(&all_of(&house.ada, &answer).await) > 0);
    drop(house.server);
}

#[tokio::test]
async fn what_was_corrected_is_neither_found_nor_told_nor_sent_any_more() {
    let llm = Llm::start().await;
    let house = House::on(Server::answering_from(&llm.base_url()).await).await;
    let memory = house.remember(TOLD).await;
    house.remember("The house by the blue lake was cold in winter.").await;
    let settings = format!("/clones/{}/settings", house.clone);
    let provider = async |name: &str| {
        house.ada.patch(&settings, json!({"llm": {"provider": name}})).await.is(200);
    };
    provider("builtin").await;
    let conversation = house.ben.converse(&house.clone).await;
    let (_, quoted) = house.ben.say(&conversation, "Who swam across the blue lake?").await;
    assert!(told(&all_of(&house.ben, &quoted).await) > 0);
    provider("openai").await;
    llm.always(Act::Answer(Answer::of(&["It was the ", WORD, " [1]."])));
    let (_, said) = house.ben.say(&conversation, "Who swam across the blue lake?").await;
    assert!(told(&all_of(&house.ben, &said).await) > 0);
    let asked = llm.asked().len();
    assert!(llm.asked().iter().any(|prompt| prompt.body.to_string().contains(WORD)));

    let first = house.ada.search(&house.clone, TOLD, "&mode=vector").await.remove(0);
    assert!(memory.ends_with(&id(&first)), "by its meaning it is the nearest: {first}");

    let corrected = json!({"content": "Anna baked bread in the oven of the old mill."});
    house.ada.patch(&memory, corrected).await.is(200);
    assert_eq!(told(&all_of(&house.ben, &quoted).await), 0, "a quote of what it said before");
    assert_eq!(told(&all_of(&house.ben, &said).await), 0, "an answer made from that");
    llm.always(Act::Answer(Answer::of(&["She did [1]."])));
    let question = "What did Anna bake in the old mill?";
    let fresh = house.ben.converse(&house.clone).await;
    for conversation in [&conversation, &fresh] {
        let (_, answer) = house.ben.say(conversation, question).await;
        assert!(answer["citations"][0]["quote"].to_string().contains("bread"), "{answer}");
    }
    let prompts = llm.asked();
    assert!(prompts.len() >= asked + 2);
    for prompt in prompts.iter().skip(asked) {
        assert!(!prompt.body.to_string().contains(WORD), "{}", prompt.body);
        assert!(prompt.body.to_string().contains("baked bread"), "{}", prompt.body);
    }
    for mode in ["text", "vector", "hybrid"] {
        let hits = house.ben.search(&house.clone, TOLD, &format!("&mode={mode}")).await;
        assert!(hits.iter().all(|hit| !hit.to_string().contains(WORD)), "{mode}: {hits:?}");
        // Nor is it near by what it meant before.
        assert!(hits.first().is_none_or(|hit| !memory.ends_with(&id(hit))), "{mode}: {hits:?}");
    }
    provider("builtin").await;
    let (_, answer) = house.ben.say(&fresh, question).await;
    assert!(!answer.to_string().to_lowercase().contains(WORD), "{answer}");
}
