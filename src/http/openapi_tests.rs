//! What the published document says, on a small API.

use poem::http::Method;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi, OpenApiService};
use serde::Deserialize;
use serde_json::{Value, json};

use super::document;
use crate::http::body::{Body, Patch};
use crate::http::etag::Tagged;
use crate::http::guard::testing::ask;
use crate::http::problem::Answer;
use crate::http::sse::{Events, Streams};

struct Api;

#[derive(Object)]
struct Thing {
    name: String,
    note: Option<String>,
    owner: Option<Owner>,
    shade: Option<Shade>,
}

#[derive(Object)]
struct Owner {
    name: String,
}

#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum Shade {
    Light,
}

#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct ThingChange {
    #[oai(validator(max_length = 9))]
    name: Patch<String>,
}

#[derive(ApiResponse)]
enum Said {
    /// It is made.
    #[oai(status = 201)]
    Made(Json<Thing>),
    /// It is being made.
    #[oai(status = 200)]
    Streaming(Events<String>),
}

#[OpenApi]
impl Api {
    /// Lists things.
    #[oai(path = "/things", method = "get")]
    async fn list(&self, _limit: Query<Option<u32>>) -> Answer<Json<Vec<Thing>>> {
        Ok(Json(Vec::new()))
    }

    /// Changes a thing.
    #[oai(path = "/things/:id", method = "patch")]
    async fn change(
        &self,
        _id: Path<String>,
        _sent: Body<ThingChange>,
    ) -> Answer<Tagged<Json<Thing>>> {
        Err(crate::kernel::Fault::not_found().into())
    }

    /// Says something, at once or bit by bit.
    #[oai(path = "/things", method = "post", operation_id = "say")]
    async fn say(&self, streams: Header<bool>) -> Answer<Said> {
        let frames = futures_util::stream::iter([bytes::Bytes::from_static(b"data: 1\n\n")]);
        let made = Thing { name: "a".into(), note: None, owner: None, shade: None };
        Ok(match streams.0 {
            true => Said::Streaming(Streams::for_tests().send(frames)),
            false => Said::Made(Json(made)),
        })
    }

    /// Streams.
    #[oai(path = "/events", method = "get")]
    async fn events(&self) -> Answer<Events<String>> {
        Err(crate::kernel::Fault::not_found().into())
    }
}

fn made() -> Value {
    document(&OpenApiService::new(Api, "x", "0").spec(), "/memoria/", "0.1.0")
}

#[test]
fn the_document_is_openapi_3_1_and_says_where_the_api_is() {
    let document = made();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "/memoria/api/v1"}]));
    assert_eq!(document["info"]["version"], "0.1.0");
    let text = document.to_string();
    assert!(!text.contains("nullable") && !text.contains("charset"), "{text}");
    assert_eq!(text, made().to_string());
}

#[test]
fn views_say_what_may_be_null_and_requests_refuse_other_fields() {
    let document = made();
    let schemas = &document["components"]["schemas"];
    let thing = &schemas["Thing"];
    assert_eq!(thing["properties"]["note"]["type"], json!(["string", "null"]));
    assert_eq!(thing["properties"]["name"]["type"], "string");
    assert_eq!(thing["properties"]["owner"]["anyOf"][1], json!({"type": "null"}));
    assert_eq!(thing["required"].as_array().unwrap().len(), 4);
    assert!(thing.get("additionalProperties").is_none());
    let change = &schemas["ThingChange"];
    assert_eq!(change["additionalProperties"], false);
    assert_eq!(change["properties"]["name"]["type"], json!(["string", "null"]));
    assert_eq!(change["properties"]["name"]["maxLength"], 9);
}

#[test]
fn every_operation_has_its_problems_and_parameters() {
    let document = made();
    let change = &document["paths"]["/things/{id}"]["patch"];
    for status in ["400", "404", "413", "422", "429", "default"] {
        let reference = change["responses"][status]["$ref"].as_str().unwrap();
        assert!(document.pointer(&reference[1..]).is_some(), "{status}");
    }
    assert!(change["responses"]["200"]["headers"]["ETag"].is_object());
    let limit = &document["paths"]["/things"]["get"]["parameters"][0];
    assert_eq!(limit["name"], "_limit", "the parameter is named by its argument");
    let stream = &document["paths"]["/events"]["get"]["responses"]["200"]["content"];
    let schema = &stream["text/event-stream"]["schema"];
    assert!(schema["x-event-data"].is_object() && schema.get("type").is_none(), "{schema}");
}

#[tokio::test]
async fn one_operation_answers_json_or_a_stream() {
    for (streams, status, media, cache) in [
        ("false", 201, "application/json; charset=utf-8", None),
        ("true", 200, "text/event-stream", Some("no-store")),
    ] {
        let service = OpenApiService::new(Api, "x", "0");
        let headers = [("streams", streams)];
        let response = ask(service, Method::POST, "/things", &headers, "").await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.header("content-type"), Some(media));
        assert_eq!(response.header("cache-control"), cache);
    }
    let service = OpenApiService::new(Api, "x", "0");
    let response = ask(service, Method::POST, "/things", &[("streams", "s3cret")], "").await;
    assert_eq!(response.status().as_u16(), 400);
    let text = response.into_body().into_string().await.unwrap();
    assert!(text.contains("\"pointer\":\"streams\"") && !text.contains("s3cret"), "{text}");
}
