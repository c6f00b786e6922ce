//! How much of everything: the section `limits`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{ConfigError, Reader};
use crate::kernel::Allowance;
use crate::store::Room;

/// serde_json itself stops at 128.
const DEPTHS: RangeInclusive<usize> = 1..=120;

/// What the API takes at the most; see the document.
const QUESTIONS: RangeInclusive<usize> = 1..=2_000;

/// hyper takes no less for what it reads at once.
const LEAST_HEADER: usize = 8_192;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name in the table of keys")]
pub struct Limits {
    pub connections: usize,
    pub connections_per_address: usize,
    pub header: Duration,
    pub header_bytes: usize,
    pub idle: Duration,
    pub stall: Duration,
    pub body: Duration,
    pub body_bytes_per_second: usize,
    pub body_idle: Duration,
    pub http2_streams: u32,
    pub http2_resets: usize,
    pub question_chars: usize,
    pub search: Duration,
    pub streams: usize,
    pub streams_per_account: usize,
    pub share_links_per_clone: usize,
    pub json_bytes: usize,
    pub batch_bytes: usize,
    pub attachment_bytes: usize,
    pub attachments_per_memory: usize,
    pub upload_bytes: usize,
    pub json_depth: usize,
    pub json_fields: usize,
    pub tries: Allowance,
    pub room: Room,
    pub trash: Duration,
    pub database_cache_bytes: usize,
    pub graph_above: usize,
    pub graph_memory_bytes: usize,
}

impl Limits {
    pub(super) fn check(read: &Reader<'_>) -> Result<Self, ConfigError> {
        let megabytes = |key| read.number(key).map(|megabytes| megabytes.saturating_mul(1 << 20));
        let days = read.number("limits.trash_days")? as u64;
        Ok(Self {
            connections: read.number("limits.connections")?,
            connections_per_address: read.number("limits.connections_per_address")?,
            header: read.seconds("limits.header_seconds")?,
            header_bytes: header_bytes(read)?,
            idle: read.seconds("limits.idle_seconds")?,
            stall: read.seconds("limits.stall_seconds")?,
            body: read.seconds("limits.body_seconds")?,
            body_bytes_per_second: read.number("limits.body_bytes_per_second")?,
            body_idle: read.seconds("limits.body_idle_seconds")?,
            http2_streams: u32::try_from(read.number("limits.http2_streams")?).unwrap_or(u32::MAX),
            http2_resets: read.number("limits.http2_resets")?,
            question_chars: question_chars(read)?,
            search: read.seconds("limits.search_seconds")?,
            streams: read.number("limits.streams")?,
            streams_per_account: read.number("limits.streams_per_account")?,
            share_links_per_clone: read.number("limits.share_links_per_clone")?,
            json_bytes: read.number("limits.json_bytes")?,
            batch_bytes: read.number("limits.batch_bytes")?,
            attachment_bytes: read.number("limits.attachment_bytes")?,
            attachments_per_memory: read.number("limits.attachments_per_memory")?,
            upload_bytes: read.number("limits.upload_bytes")?,
            json_depth: json_depth(read)?,
            json_fields: read.number("limits.json_fields")?,
            tries: Allowance {
                burst: u32::try_from(read.number("limits.sign_in_burst")?).unwrap_or(u32::MAX),
                refill: read.seconds("limits.sign_in_refill_seconds")?,
            },
            room: Room {
                free: megabytes("limits.free_disk_mb")? as u64,
                reserve: megabytes("limits.reserve_mb")? as u64,
            },
            trash: Duration::from_secs(days.saturating_mul(24 * 60 * 60)),
            graph_above: read.number("limits.graph_above")?,
            graph_memory_bytes: megabytes("limits.graph_memory_mb")?,
            database_cache_bytes: megabytes("limits.database_cache_mb")?,
        })
    }
}

fn header_bytes(read: &Reader<'_>) -> Result<usize, ConfigError> {
    const KEY: &str = "limits.header_bytes";
    match read.number(KEY)? {
        bytes if (LEAST_HEADER..=1 << 20).contains(&bytes) => Ok(bytes),
        _ => Err(read.invalid(KEY, "must be from 8192 to 1048576")),
    }
}

fn json_depth(read: &Reader<'_>) -> Result<usize, ConfigError> {
    const KEY: &str = "limits.json_depth";
    match read.number(KEY)? {
        depth if DEPTHS.contains(&depth) => Ok(depth),
        _ => Err(read.invalid(KEY, "must be from 1 to 120")),
    }
}

fn question_chars(read: &Reader<'_>) -> Result<usize, ConfigError> {
    const KEY: &str = "limits.question_chars";
    match read.number(KEY)? {
        many if QUESTIONS.contains(&many) => Ok(many),
        _ => Err(read.invalid(KEY, "must be from 1 to 2000")),
    }
}
