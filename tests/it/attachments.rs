//! Files of memories: added, shown, thrown away, brought back, erased; sealed on the disk, and what
//! is damaged there is told.

use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::erasure::{erased, receipt_of};
use crate::support::client::{Client, id, items, text};
use crate::support::command::Ended;
use crate::support::files_below;
use crate::support::server::Server;

/// A piece of a JPEG: its marker and what it holds.
fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker][..], &length, contents].concat()
}

/// A photograph as a telephone takes it: on its side, and with the place.
pub fn photograph() -> Vec<u8> {
    let exif =
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0GPS 48.2082";
    let parts = [
        vec![0xff, 0xd8],
        segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xe1, exif),
        segment(0xdb, &[0; 65]),
        segment(0xda, b"\x01\x01\0\0\x3f\0"),
        b"\x12\x34\x56\xff\xd9".to_vec(),
    ];
    parts.concat()
}

/// A recording, longer than what is sealed at once.
pub fn recording() -> Vec<u8> {
    let mut wav = b"RIFF\0\0\x03\0WAVEfmt ".to_vec();
    wav.extend((0..200_000_u32).map(|at| u8::try_from(at % 251).unwrap()));
    wav
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What lies on the disk.
fn files(server: &Server) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = server.data().join("blobs");
    // It goes with the last file in it.
    if !folder.exists() {
        return Vec::new();
    }
    files_below(&folder).into_iter().map(|(name, bytes)| (folder.join(name), bytes)).collect()
}

/// A clone and a memory of it.
async fn memory_of(client: &Client) -> (String, String, String) {
    let clone = client.new_clone("Maria").await;
    let memory = id(&client.remember(&clone, "We swam in the lake.").await);
    let path = format!("/clones/{clone}/memories/{memory}");
    (clone, memory, path)
}

#[tokio::test]
async fn a_photograph_is_kept_without_where_it_was_taken_and_given_back() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let before = ada.get(&path).await;
    let tag = before.header("etag").unwrap().to_owned();
    assert_eq!(before.is(200)["attachments"], json!([]));
    let asked = ada.ask(Method::POST, &format!("{path}/attachments"));
    let words = Some(("caption", "By the lake"));
    let made = asked.form("Am See.JPG", "image/jpeg", &photograph(), words).await.is(201);
    assert_eq!(made["name"], "Am See.jpg");
    assert_eq!(
        (&made["media_type"], &made["caption"]),
        (&json!("image/jpeg"), &json!("By the lake"))
    );
    let shown = ada.get(&path).header("if-none-match", &tag).await.is(200);
    assert_eq!(shown["attachments"], json!([made.clone()]), "the tag is another");
    for list in ["/memories", "/timeline", "/search?q=lake"] {
        let listed = ada.get(&format!("/clones/{clone}{list}")).await.is(200).to_string();
        assert_eq!(listed.contains("Am See.jpg"), list != "/search?q=lake", "{list}");
    }
    let listed = ada.get(&format!("{path}/attachments")).await.is(200);
    assert_eq!(listed["items"], json!([made.clone()]));
    let reply = ada.get(&format!("{path}/attachments/{}", id(&made))).await;
    for (header, value) in [
        ("content-type", "image/jpeg"),
        ("content-disposition", "inline; filename=\"Am See.jpg\"; filename*=UTF-8''Am%20See.jpg"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(reply.header(header), Some(value), "{header}");
    }
    let kept = reply.bytes.clone();
    assert!(!has(&kept, b"GPS") && has(&kept, b"\x12\x34\x56\xff\xd9"));
    assert!(has(&kept, b"Exif\0\0MM\0*"), "which way up it is stays");
    assert_eq!(made["size"], kept.len());
    // On the disk there is one file, and nobody can read it there.
    let on_disk = files(&server);
    assert_eq!(on_disk.len(), 1);
    assert!(on_disk[0].0.ends_with(format!("attachments/{clone}/{}", id(&made))));
    assert!(!has(&on_disk[0].1, b"JFIF") && on_disk[0].1.len() == kept.len() + 40);
    // The caption changes, and its version with it.
    let one = format!("{path}/attachments/{}", id(&made));
    let old = reply.header("etag").unwrap().to_owned();
    let changed = ada.patch(&one, json!({"caption": null})).header("if-match", &old).await;
    assert_eq!(changed.is(200)["caption"], Value::Null);
    let again = ada.patch(&one, json!({"caption": "x"})).header("if-match", &old).await;
    again.problem(412, "stale");
    ada.delete(&one).header("if-match", &old).await.problem(412, "stale");
    ada.patch(&one, json!({"caption": " "})).await.invalid(&["/caption"]);
    let other = ada.new_clone("Other").await;
    let elsewhere = format!("/clones/{other}/memories/{memory}/attachments/{}", id(&made));
    ada.get(&elsewhere).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_recording_is_read_in_parts() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let whole = recording();
    let made = ada.attach(&clone, &memory, "voice.wav", "audio/x-wav", &whole).await.is(201);
    let one = format!("{path}/attachments/{}", id(&made));
    let reply = ada.get(&one).await;
    assert!(reply.bytes == whole && reply.header("content-type") == Some("audio/wav"));
    let tag = reply.header("etag").unwrap().to_owned();
    let size = whole.len();
    for (range, from, to) in [
        ("bytes=0-99".to_owned(), 0, 100),
        ("bytes=65530-65545".to_owned(), 65_530, 65_546),
        ("bytes=131072-".to_owned(), 131_072, size),
        ("bytes=-7".to_owned(), size - 7, size),
    ] {
        let reply = ada.get(&one).header("range", &range).header("if-range", &tag).await;
        assert_eq!(reply.status, 206, "{range}");
        let told = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(reply.header("content-range"), Some(&*told));
        assert!(reply.bytes == whole[from..to], "{range}");
    }
    for range in ["bytes=999999-", "lines=1-2", "bytes=0-1,3-4"] {
        let reply = ada.get(&one).header("range", range).await;
        assert_eq!((reply.status, reply.bytes.len()), (200, size), "{range}");
    }
    let known = ada.get(&one).header("if-none-match", &tag).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let head = ada.ask(Method::HEAD, &one).await;
    assert_eq!(head.header("content-length"), Some(&*size.to_string()));
}

#[tokio::test]
async fn what_a_browser_would_run_or_is_not_what_it_seems_is_refused() {
    let settings = [
        ("CLONEMEMORIA_LIMITS_ATTACHMENT_BYTES", "5000"),
        ("CLONEMEMORIA_LIMITS_ATTACHMENTS_PER_MEMORY", "3"),
    ];
    let server = Server::with(&settings).await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let jpeg = photograph();
    for (name, media, bytes, status, code) in [
        ("a.svg", "image/svg+xml", &svg[..], 415, "file_type"),
        ("a.png", "image/png", svg, 415, "file_type"),
        ("a.html", "text/html", b"<html><script>alert(1)</script>", 415, "file_type"),
        ("a.txt", "text/plain", b"<!doctype html><script>alert(1)</script>", 415, "file_type"),
        ("a.exe", "application/octet-stream", b"MZ\x90\0\x03", 415, "file_type"),
        ("a.png", "image/jpeg", &jpeg, 422, "file_mismatch"),
        ("a.jpg", "text/html", &jpeg, 422, "file_mismatch"),
        ("a.jpg", "image/jpeg", b"\xff\xd8\xff\xe0", 422, "file_broken"),
        ("a.txt", "text/plain", b"", 422, "file_broken"),
        ("a.txt", "text/plain", &[b'a'; 5001], 413, "too_large"),
    ] {
        ada.attach(&clone, &memory, name, media, bytes).await.problem(status, code);
    }
    let asked = || ada.ask(Method::POST, &format!("{path}/attachments"));
    asked().json(&json!({})).await.problem(415, "unsupported_media_type");
    let bare = "multipart/form-data; boundary=x";
    asked().header("content-type", bare).bytes("--x--\r\n").await.invalid(&["/file"]);
    asked().header("content-type", bare).bytes("--x\r\n").await.problem(400, "malformed");
    let long = "é".repeat(501);
    let reply = asked().form("a.txt", "text/plain", b"a", Some(("caption", &long))).await;
    reply.invalid(&["/caption"]);
    asked().form("a.txt", "text/plain", b"a", Some(("x", "y"))).await.invalid(&[""]);
    assert_eq!(files(&server).len(), 0, "nothing of them stays");
    for number in 0..3 {
        let name = format!("{number}.txt");
        ada.attach(&clone, &memory, &name, "", &[b'a'; 5000]).await.is(201);
    }
    let more = ada.attach(&clone, &memory, "d.txt", "", b"d").await;
    more.problem(409, "too_many_attachments");
    assert_eq!(files(&server).len(), 3);
    let pdf = ada.get(&path).await.is(200)["attachments"][0].clone();
    let saved = ada.get(&format!("{path}/attachments/{}", id(&pdf))).await;
    assert!(saved.header("content-disposition").unwrap().starts_with("attachment; "));
    assert_eq!(saved.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn who_may_read_a_memory_may_read_its_files_and_nobody_else() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (ben, cora) = (server.account("ben").await, server.account("cora").await);
    let eve = server.account("eve").await;
    let space = id(&ada.post("/spaces", json!({"name": "Family"})).await.is(201));
    ben.joins(&ada, &space, "contributor").await;
    cora.joins(&ada, &space, "visitor").await;
    let body = json!({"name": "Maria", "subject": "fictional", "space_id": space,
        "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    ada.opens(&clone).await;
    let his = ben.remember_as(&clone, json!({"content": "Mine.", "visibility": "author"})).await;
    let his = id(&his);
    let own = ben.attach(&clone, &his, "own.txt", "", b"My own.").await.is(201);
    let path = format!("/clones/{clone}/memories/{his}");
    let one = format!("{path}/attachments/{}", id(&own));
    for who in [&ada, &cora, &eve] {
        who.get(&one).await.problem(404, "not_found");
        who.get(&format!("{path}/attachments")).await.problem(404, "not_found");
        who.delete(&one).await.problem(404, "not_found");
        who.attach(&clone, &his, "a.txt", "", b"a").await.problem(404, "not_found");
    }
    ben.patch(&path, json!({"visibility": "space"})).await.is(200);
    assert_eq!(cora.get(&one).await.text(), "My own.");
    cora.delete(&one).await.problem(403, "forbidden");
    cora.attach(&clone, &his, "a.txt", "", b"a").await.problem(403, "forbidden");
    eve.get(&one).await.problem(404, "not_found");
    // A steward adds to what another wrote; it is the memory's from then on.
    let added = ada.attach(&clone, &his, "b.txt", "", b"Added.").await.is(201);
    let me = ada.get("/auth/me").await.is(200);
    assert_eq!(added["added_by"], me["id"]);
    // Of somebody whose data is only stored, nothing is shown.
    ben.put("/auth/me/restriction", json!({})).await.is(204);
    cora.get(&one).await.problem(404, "not_found");
    ben.attach(&clone, &his, "c.txt", "", b"c").await;
    ben.delete("/auth/me/restriction").await.is(204);
    assert_eq!(cora.get(&one).await.status, 200);
    // A key that reads reads it, and adds nothing.
    let key = json!({"label": "r", "scopes": ["read"]});
    let key = text(&ada.post("/api-keys", key).await.is(201)["key"]);
    let program = server.client();
    assert_eq!(program.get(&one).header("x-api-key", &key).await.text(), "My own.");
    let adds = program.attach(&clone, &his, "d.txt", "", b"d").header("x-api-key", &key);
    adds.await.problem(403, "scope_missing");
    // Whose memory it is takes all of it along when they go.
    let gone = ben.delete("/auth/me/data").json(&json!({"confirm": "ben@example.org"})).await;
    let receipt = erased(&server, &receipt_of(&gone.is(202))).await;
    assert_eq!(receipt["removed"]["attachments"], 2, "{receipt}");
    assert_eq!(files(&server).len(), 0);
}

#[tokio::test]
async fn what_is_thrown_away_comes_back_until_it_is_erased() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let kept = id(&ada.attach(&clone, &memory, "kept.txt", "", b"Kept.").await.is(201));
    let gone = id(&ada.attach(&clone, &memory, "gone.txt", "", b"Gone.").await.is(201));
    ada.delete(&format!("{path}/attachments/{gone}")).await.is(204);
    ada.get(&format!("{path}/attachments/{gone}")).await.problem(404, "not_found");
    let names = |memory: Value| {
        let files = memory["attachments"].as_array().unwrap().clone();
        files.iter().map(|file| text(&file["name"])).collect::<Vec<_>>()
    };
    assert_eq!(names(ada.get(&path).await.is(200)), ["kept.txt"]);
    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!((&trash[0]["kind"], &trash[0]["title"]), (&json!("attachment"), &json!("gone.txt")));
    // A memory in the trash takes its files along, and brings them back.
    ada.delete(&path).await.is(204);
    ada.get(&format!("{path}/attachments/{kept}")).await.problem(404, "not_found");
    let early = ada.post(&format!("/trash/{gone}/restore"), json!({})).await;
    early.problem(409, "memory_in_trash");
    ada.post(&format!("/trash/{memory}/restore"), json!({})).await.is(204);
    ada.post(&format!("/trash/{gone}/restore"), json!({})).await.is(204);
    assert_eq!(names(ada.get(&path).await.is(200)), ["kept.txt", "gone.txt"]);
    assert_eq!(ada.get(&format!("{path}/attachments/{gone}")).await.text(), "Gone.");
    // Erased at once: the row with the key first, then the file; the receipt waits for both.
    ada.delete(&format!("{path}/attachments/{gone}")).await.is(204);
    let begun = ada.delete(&format!("/trash/{gone}")).await.is(202);
    let receipt = erased(&server, &receipt_of(&begun)).await;
    assert_eq!((&receipt["scope"], &receipt["subject"]), (&json!("attachment"), &json!(gone)));
    assert_eq!(receipt["removed"]["attachments"], 1);
    assert_eq!(files(&server).len(), 1);
    // With its memory, after its time.
    ada.delete(&format!("{path}/attachments/{kept}")).await.is(204);
    ada.delete(&path).await.is(204);
    let begun = ada.delete(&format!("/trash/{memory}")).await.is(202);
    let receipt = erased(&server, &receipt_of(&begun)).await;
    assert_eq!(receipt["removed"]["attachments"], 1);
    assert_eq!(files(&server).len(), 0);
    assert_eq!(items(&ada.get("/trash").await.is(200)).len(), 0);
}

#[tokio::test]
async fn a_file_that_is_damaged_on_the_disk_is_told_and_harms_nothing_else() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let mut all = Vec::new();
    for name in ["whole", "flipped", "cut", "missing"] {
        let name = format!("{name}.wav");
        let made = ada.attach(&clone, &memory, &name, "", &recording()).await.is(201);
        all.push(id(&made));
    }
    let data = server.data();
    let place = |file: &str| data.join(format!("blobs/attachments/{clone}/{file}"));
    let mut bytes = std::fs::read(place(&all[1])).unwrap();
    bytes[150_000] ^= 1;
    std::fs::write(place(&all[1]), bytes).unwrap();
    let bytes = std::fs::read(place(&all[2])).unwrap();
    std::fs::write(place(&all[2]), &bytes[..140_000]).unwrap();
    std::fs::remove_file(place(&all[3])).unwrap();
    assert!(ada.get(&format!("{path}/attachments/{}", all[0])).await.bytes == recording());
    for damaged in &all[1..] {
        ada.get(&format!("{path}/attachments/{damaged}")).await.problem(422, "damaged");
    }
    // What is whole of it can be had.
    let part = ada.get(&format!("{path}/attachments/{}", all[1])).header("range", "bytes=0-9");
    assert_eq!(part.await.status, 206);
    assert_eq!(ada.get(&path).await.is(200)["content"], "We swam in the lake.");
    // An export has the rest, and says what it has not.
    let taken = crate::exports::Taken::by(&ada).await;
    let damaged = &taken.files["files/damaged.txt"];
    assert_eq!(damaged.lines().count(), 3, "{damaged}");
    assert!(taken.files.contains_key(&format!("files/{}.wav", all[0])));
    std::fs::write(place("nobodys"), "x").unwrap();
    assert_eq!(server.stop().await, 0);
    let ended = server.command(&["fsck"], "");
    assert_ne!(ended.code, 0);
    for file in &all[1..] {
        assert!(ended.out.contains(file.as_str()), "{}", ended.out);
    }
    assert!(!ended.out.contains(all[0].as_str()), "{}", ended.out);
    assert!(ended.out.contains("no memory has this file"), "{}", ended.out);
    server.run().await;
    crate::support::until("what is nobody's is gone", || async {
        (!place("nobodys").exists()).then_some(())
    })
    .await;
}

async fn dies_at(server: &mut Server, point: &str, ask: crate::support::client::Ask) {
    let order = json!({"do": "kill_at", "point": point, "passage": 1});
    assert_eq!(server.operate(order).await.0, 200);
    let asking = tokio::spawn(ask.attempt());
    assert!(server.dies(Duration::from_secs(60)).await, "nobody passed {point}");
    let told = asking.await.unwrap();
    assert!(told.is_none_or(|reply| reply.status >= 500), "{point}");
    server.run().await;
}

#[tokio::test]
async fn a_death_in_the_middle_leaves_all_of_a_file_or_nothing() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let ask = ada.attach(&clone, &memory, "one.txt", "", b"One.").header("idempotency-key", "one");
    dies_at(&mut server, "attachment.written", ask).await;
    let ada = server.again(&ada);
    assert_eq!(ada.get(&path).await.is(200)["attachments"], json!([]));
    crate::support::until("what a crash has left is gone", || async {
        files(&server).is_empty().then_some(())
    })
    .await;
    let ask = ada.attach(&clone, &memory, "one.txt", "", b"One.").header("idempotency-key", "one");
    dies_at(&mut server, "attachment.named", ask).await;
    let ada = server.again(&ada);
    let ask = ada.attach(&clone, &memory, "one.txt", "", b"One.").header("idempotency-key", "one");
    let made = ask.await.is(201);
    let shown = ada.get(&path).await.is(200);
    assert_eq!(shown["attachments"], json!([made]), "asked for again, it is there once");
    crate::support::until("and its file as well", || async {
        (files(&server).len() == 1).then_some(())
    })
    .await;
    for point in ["attachments.found", "attachments.swept"] {
        let ada = server.again(&ada);
        let made = ada.attach(&clone, &memory, "two.txt", "", b"Two.").await.is(201);
        let two = id(&made);
        ada.delete(&format!("{path}/attachments/{two}")).await.is(204);
        let ask = ada.delete(&format!("/trash/{two}"));
        let order = json!({"do": "kill_at", "point": point, "passage": 1});
        assert_eq!(server.operate(order).await.0, 200);
        drop(ask.attempt().await);
        assert!(server.dies(Duration::from_secs(60)).await, "nobody passed {point}");
        server.run().await;
        crate::support::until("the erasure went on", || async {
            (files(&server).len() == 1).then_some(())
        })
        .await;
    }
}

fn take_in(server: &Server, bytes: &[u8]) -> Ended {
    let path = server.beside("taken.zip");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap().to_owned();
    server.command(&["import-export", &path, "--email", "admin@example.org"], "")
}

#[tokio::test]
async fn files_come_along_and_are_taken_in_elsewhere() {
    let here = Server::start().await;
    let ada = here.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let asked = ada.ask(Method::POST, &format!("{path}/attachments"));
    let words = Some(("caption", "By the <lake>"));
    let photo = asked.form("See.jpg", "image/jpeg", &photograph(), words).await.is(201);
    let photo = id(&photo);
    let sound = id(&ada.attach(&clone, &memory, "s.wav", "", &recording()).await.is(201));
    let gone = id(&ada.attach(&clone, &memory, "g.txt", "", b"Gone.").await.is(201));
    ada.delete(&format!("{path}/attachments/{gone}")).await.is(204);
    let bytes = ada.get("/auth/me/export").await.bytes;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    let mut file = zip.by_name(&format!("files/{sound}.wav")).unwrap();
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut read).unwrap();
    assert!(read == recording());
    drop(file);
    let mut page = String::new();
    let mut file = zip.by_name("index.html").unwrap();
    std::io::Read::read_to_string(&mut file, &mut page).unwrap();
    assert!(page.contains(&format!("<img src=\"files/{photo}.jpg\" alt=\"By the &lt;lake&gt;\"")));
    drop(file);

    let there = Server::start().await;
    let other = there.admin().await;
    let told = take_in(&there, &bytes).ok();
    assert!(told.contains("attachments: 3"), "{told}");
    assert_eq!(take_in(&there, &bytes).ok(), told, "doing it again does no harm");
    let (then, now) = (ada.get(&path).await.is(200), other.get(&path).await.is(200));
    let without = |mut memory: Value| {
        for file in memory["attachments"].as_array_mut().unwrap() {
            file["added_by"] = Value::Null;
        }
        memory["attachments"].clone()
    };
    assert_eq!(without(then), without(now));
    for file in [&photo, &sound] {
        let one = format!("{path}/attachments/{file}");
        assert!(ada.get(&one).await.bytes == other.get(&one).await.bytes);
    }
    other.post(&format!("/trash/{gone}/restore"), json!({})).await.is(204);
    assert_eq!(other.get(&format!("{path}/attachments/{gone}")).await.text(), "Gone.");
    assert_eq!(files(&there).len(), 3);
}

#[tokio::test]
async fn a_backup_has_the_files_and_gives_them_back() {
    let (mut server, disk) = crate::backup::with_directory().await;
    let ada = server.admin().await;
    let (clone, memory, path) = memory_of(&ada).await;
    let sound = id(&ada.attach(&clone, &memory, "s.wav", "", &recording()).await.is(201));
    let lost = id(&ada.attach(&clone, &memory, "l.txt", "", b"Lost.").await.is(201));
    server.command(&["backup"], "").ok();
    let backup = crate::backup::named(&disk, ".cmb").remove(0);
    let name = backup.to_str().unwrap().to_owned();
    let told = server.command(&["backup", "verify", &name], "").ok();
    assert!(told.contains("2 files of memories were read; 0 are damaged"), "{told}");
    // What is added later goes with the restore, what was lost comes back.
    ada.attach(&clone, &memory, "later.txt", "", b"Later.").await.is(201);
    std::fs::remove_file(server.data().join(format!("blobs/attachments/{clone}/{lost}"))).unwrap();
    assert_eq!(server.stop().await, 0);
    server.command(&["restore", &name, "--yes"], "").ok();
    server.run().await;
    let ada = server.signed_in("admin@example.org").await;
    assert!(ada.get(&format!("{path}/attachments/{sound}")).await.bytes == recording());
    assert_eq!(ada.get(&format!("{path}/attachments/{lost}")).await.text(), "Lost.");
    assert_eq!(ada.get(&path).await.is(200)["attachments"].as_array().unwrap().len(), 2);
    assert_eq!(files(&server).len(), 2);
}
