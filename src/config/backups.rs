//! The settings of backups: where they go, how often, how many are kept.

use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, Reader, network};
use crate::backup::Settings;
use crate::providers::BucketSettings;

pub(super) fn check(read: &Reader<'_>) -> Result<Settings, ConfigError> {
    let directory = read.text("backup.directory");
    let hours: u32 = read.parsed("backup.every_hours", "must be a whole number, 0 for never")?;
    let every = Duration::from_secs(u64::from(hours) * 60 * 60);
    let days: u32 = read.parsed("backup.try_every_days", "must be a whole number, 0 for never")?;
    Ok(Settings {
        directory: (!directory.is_empty()).then(|| PathBuf::from(directory)),
        bucket: bucket(read)?,
        every: (hours > 0).then_some(every),
        keep: read.number("backup.keep")?,
        try_every: (days > 0).then_some(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
    })
}

fn bucket(read: &Reader<'_>) -> Result<Option<BucketSettings>, ConfigError> {
    let expected = "must look like s3://bucket or s3://bucket/folder";
    let Some((bucket, prefix)) = read.optional("backup.s3", expected, parts)? else {
        return Ok(None);
    };
    let region = read.text("backup.s3_region").to_owned();
    let key = "backup.s3_endpoint";
    let endpoint = read.optional(key, "must be an http or https URL", network::web)?;
    let of_amazon = || format!("https://s3.{region}.amazonaws.com").parse();
    let endpoint = match endpoint {
        Some(endpoint) => endpoint,
        None => of_amazon().map_err(|_| read.invalid("backup.s3_region", "must be a region"))?,
    };
    let secret = |key| read.secret(key).ok_or_else(|| read.invalid(key, "must be set with s3"));
    Ok(Some(BucketSettings {
        bucket,
        prefix,
        endpoint,
        access_key_id: secret("backup.s3_access_key_id")?,
        secret_access_key: secret("backup.s3_secret_access_key")?,
        region,
    }))
}

fn parts(text: &str) -> Option<(String, String)> {
    let rest = text.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = !bucket.is_empty()
        && bucket.chars().all(is_plain)
        && prefix.chars().all(|c| is_plain(c) || c == '/')
        && !prefix.split('/').any(|part| part == "..");
    good.then(|| (bucket.to_owned(), prefix.trim_matches('/').to_owned()))
}
