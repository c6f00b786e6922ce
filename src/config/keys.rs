//! Every key there is: its name, its default and what it means. `config show` and the
//! documentation are made from this table.

/// One key of the configuration.
#[derive(Debug)]
pub struct KeyInfo {
    /// The section and the key, as `section.key`.
    pub name: &'static str,
    /// A short name of the environment variable, beside `CLONEMEMORIA_SECTION_KEY`.
    pub short_variable: Option<&'static str>,
    /// The default as it would be written; empty when there is none.
    pub default: &'static str,
    /// Whether the value must never be shown.
    pub is_secret: bool,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

impl KeyInfo {
    /// The environment variable that always works.
    pub fn variable(&self) -> String {
        format!("CLONEMEMORIA_{}", self.name.replace('.', "_").to_uppercase())
    }
}

const fn key(name: &'static str, default: &'static str, meaning: &'static str) -> KeyInfo {
    KeyInfo { name, short_variable: None, default, is_secret: false, meaning }
}

const fn short(key: KeyInfo, variable: &'static str) -> KeyInfo {
    KeyInfo { short_variable: Some(variable), ..key }
}

const fn secret(key: KeyInfo) -> KeyInfo {
    KeyInfo { is_secret: true, ..key }
}

/// All keys, by section.
pub const KEYS: &[KeyInfo] = &[
    short(key("server.data_dir", "./data", "Where everything is kept."), "CLONEMEMORIA_DATA_DIR"),
    key(
        "server.accept_open_data_dir",
        "false",
        "Start though others can enter the directory, where the file system cannot forbid it.",
    ),
    key(
        "server.root_key_file",
        "",
        "The key that opens the keyring; beside the data directory if nothing is said.",
    ),
    secret(key("server.root_passphrase", "", "Words that the root key is made of instead.")),
    short(
        key("server.listen", "127.0.0.1:8787", "Address and port to serve on; port 0 picks one."),
        "CLONEMEMORIA_LISTEN",
    ),
    key("server.public_url", "", "The address people use, when a proxy stands in front."),
    key("server.base_path", "", "A path to live under behind a proxy, such as /memoria."),
    key(
        "server.trusted_proxies",
        "",
        "Addresses or networks of proxies whose forwarding headers are believed, by commas.",
    ),
    key(
        "server.tls",
        "off",
        "off, files (a certificate of your own) or local (one that the server makes itself).",
    ),
    key("server.tls_cert", "", "The certificate and those that vouch for it, a PEM file."),
    key("server.tls_key", "", "The certificate's private key, a PEM file."),
    key(
        "server.cors_origins",
        "",
        "Origins whose pages may call the API with a token, separated by commas.",
    ),
    secret(key("server.metrics_token", "", "Bearer token for /metrics from other machines.")),
    short(
        key("auth.registration", "invite", "Who may make an account: invite, open or closed."),
        "CLONEMEMORIA_REGISTRATION",
    ),
    key("auth.session_idle_hours", "168", "Hours after which an unused sign-in ends."),
    key("auth.session_hours", "720", "Hours after which every sign-in ends."),
    key("auth.totp", "true", "Whether authenticator apps can be set up: true or false."),
    key("auth.passkeys", "true", "Whether passkeys can be made and used: true or false."),
    key(
        "auth.oidc_issuer",
        "",
        "The issuer address of a provider to sign in with (OpenID Connect).",
    ),
    key("auth.oidc_client_id", "", "What that provider calls this server."),
    secret(key("auth.oidc_client_secret", "", "What this server proves that with.")),
    key("auth.oidc_name", "", "What people call that provider."),
    key("auth.oidc_groups_claim", "", "The claim in which that provider lists groups."),
    key("auth.oidc_admin_group", "", "The group whose people administer the instance."),
    key("limits.sign_in_burst", "10", "Failed tries to sign in that one address may make at once."),
    key("limits.sign_in_refill_seconds", "60", "Seconds until such an address has one more try."),
    key("limits.connections", "4096", "Open connections at most."),
    key("limits.connections_per_address", "64", "Open connections from one address at most."),
    key("limits.header_seconds", "10", "Seconds that the header of a request may take."),
    key("limits.header_bytes", "16384", "Bytes of the header of a request at most."),
    key("limits.idle_seconds", "60", "Seconds that a connection may wait for its next request."),
    key("limits.stall_seconds", "30", "Seconds that a client may take nothing of its answer."),
    key("limits.body_seconds", "10", "Seconds until the pace of a request body counts."),
    key("limits.body_bytes_per_second", "1024", "Its pace after that, at least, on average."),
    key("limits.body_idle_seconds", "30", "Seconds that nothing of a request body may arrive."),
    key("limits.http2_streams", "64", "Requests at a time on one HTTP/2 connection at most."),
    key("limits.http2_resets", "20", "Requests taken back at once on such a connection at most."),
    key("limits.question_chars", "512", "Characters of a question to search for at most."),
    key("limits.search_seconds", "2", "Seconds that a search may take; for an answer five times."),
    key("limits.streams", "1024", "Running answers at most."),
    key("limits.streams_per_account", "64", "Running answers of one account at most."),
    key("limits.share_links_per_clone", "20", "Share links of one clone at most."),
    key("limits.json_bytes", "1048576", "Bytes of a JSON request body at most."),
    key("limits.batch_bytes", "33554432", "Bytes of a batch request body at most."),
    key("limits.attachment_bytes", "10485760", "Bytes of a file of a memory at most."),
    key("limits.attachments_per_memory", "20", "Files of a memory at most."),
    key("limits.upload_bytes", "105906176", "Bytes of an uploaded document or archive at most."),
    key("limits.json_depth", "64", "How deeply a JSON request body may be nested."),
    key("limits.json_fields", "10000", "Fields of one object in a JSON request body at most."),
    key("limits.free_disk_mb", "512", "Megabytes free on the disk below which nothing is added."),
    key("limits.reserve_mb", "64", "Megabytes set aside for deleting when the disk is full."),
    key("limits.trash_days", "30", "Days that deleted things wait in the trash."),
    key("limits.audit_days", "400", "Days that entries of the audit log are kept."),
    key("limits.database_cache_mb", "32", "Megabytes of the database to keep in memory."),
    key(
        "limits.graph_above",
        "100000",
        "Memories of one clone above which a search graph is built.",
    ),
    key(
        "limits.graph_memory_mb",
        "512",
        "Megabytes of memory that a clone's search graph may take.",
    ),
    key("llm.base_url", "", "An OpenAI-compatible server, for example http://127.0.0.1:11434/v1."),
    secret(key("llm.api_key", "", "The key that this server asks for.")),
    key("llm.model", "", "The model to use there."),
    key(
        "llm.third_party",
        "auto",
        "Whether others run it: true, false, or auto, which goes by its address.",
    ),
    key("llm.first_token_seconds", "30", "How long to wait for the beginning of an answer."),
    key("llm.idle_seconds", "30", "How long to wait between two pieces of an answer."),
    key("llm.total_seconds", "600", "How long an answer may take in all."),
    key("embedding.provider", "builtin", "What turns text into vectors: builtin or none."),
    key(
        "outbound.allow_private",
        "",
        "Hosts and networks, not public, that providers added in the app may be in.",
    ),
    key("mail.host", "", "The server that mails go out through; without it there is no mail."),
    key("mail.port", "", "Its port; when not set 587 for starttls, 465 for tls, 25 for none."),
    key("mail.encryption", "starttls", "How mails get to that server: starttls, tls or none."),
    key("mail.username", "", "The name to sign in with there, if it asks for one."),
    secret(key("mail.password", "", "The password that belongs to this name.")),
    key("mail.from", "", "The address that mails come from."),
    key("mail.from_name", "CloneMemoria", "The name that stands beside this address."),
    key("mail.seconds", "60", "How long sending one mail may take."),
    key("backup.directory", "", "A directory on another disk that backups go to; must be there."),
    key("backup.s3", "", "A bucket that backups go to, as s3://bucket/folder."),
    key("backup.s3_endpoint", "", "Where that storage is; when not set, at Amazon."),
    key("backup.s3_region", "us-east-1", "Its region."),
    secret(key("backup.s3_access_key_id", "", "The name of the key that opens it.")),
    secret(key("backup.s3_secret_access_key", "", "The key that opens it.")),
    key("backup.every_hours", "24", "Hours between backups; 0 makes none by itself."),
    key("backup.try_every_days", "7", "Days between trials of the newest backup; 0 makes none."),
    key("backup.keep", "7", "Backups of this server that are kept at each place."),
    key("log.format", "auto", "How log lines look: pretty, json, or auto (pretty on a terminal)."),
    key("log.audit_addresses", "false", "Whether the audit log says from where people sign in."),
    key("log.level", "info", "What is logged: error, warn, info, debug or trace."),
];

/// Variables with our prefix that are no settings: read by a command, or when building.
const OTHER_VARIABLES: &[&str] = &["CLONEMEMORIA_CONFIG", "CLONEMEMORIA_PASSWORD"];

/// Whether a name of the environment looks like a setting of ours but is none.
pub fn is_mistaken(variable: &str) -> bool {
    let known = |key: &KeyInfo| key.variable() == variable || key.short_variable == Some(variable);
    variable.starts_with("CLONEMEMORIA_")
        && !OTHER_VARIABLES.contains(&variable)
        && !KEYS.iter().any(known)
}

/// The key of a name.
pub fn find(name: &str) -> Option<&'static KeyInfo> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::KEYS;

    #[test]
    fn every_setting_is_explained_to_operators() {
        let manual = include_str!("../../docs/operating.md");
        for key in KEYS {
            assert!(manual.contains(&format!("`{}`", key.name)), "{}", key.name);
        }
    }
}
