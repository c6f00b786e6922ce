//! What each operation needs. An operation without a row here fails the build.

use serde_json::{Value, json};

use super::world::Things;
use crate::support::client::Ask;

/// What must be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Open,
    /// A sign-in, or a key with the scope.
    Read,
    Write,
    Chat,
    /// A sign-in, or a key that may read or chat.
    ReadChat,
    /// A share link.
    Visit,
    /// A sign-in of a person.
    Account,
    /// The same, a moment old.
    Fresh,
    /// A sign-in of somebody who administers the server.
    Admin,
    /// The same, a moment old.
    FreshAdmin,
}

/// What one must be to the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Least {
    /// It is about oneself, or about nothing that is somebody's.
    Oneself,
    /// Nobody here has such a thing; tests of its own try those who do.
    Nobody,
    /// It belongs to one account, whatever the roles are.
    Holder,
    Visitor,
    Contributor,
    Steward,
    /// The same, also of what one wrote oneself.
    Keeper,
    Owner,
    /// Who wrote it; of what is not a memory, its owner.
    Writer,
}

/// Operation, what must be brought, what one must be.
pub const TABLE: &[(&str, Need, Least)] = &[
    ("get_health", Need::Open, Least::Oneself),
    ("get_setup", Need::Open, Least::Oneself),
    ("set_up", Need::Open, Least::Oneself),
    ("register", Need::Open, Least::Oneself),
    ("login", Need::Open, Least::Oneself),
    ("refresh", Need::Open, Least::Oneself),
    ("logout", Need::Open, Least::Oneself),
    ("forgot_password", Need::Open, Least::Oneself),
    ("reset_password", Need::Open, Least::Oneself),
    ("verify_email", Need::Open, Least::Oneself),
    ("show_invitation", Need::Open, Least::Oneself),
    ("show_subject_consent", Need::Open, Least::Oneself),
    ("answer_subject", Need::Open, Least::Oneself),
    ("get_erasure", Need::Open, Least::Oneself),
    ("get_legacy_contact", Need::Account, Least::Oneself),
    ("set_legacy_contact", Need::Fresh, Least::Oneself),
    ("remove_legacy_contact", Need::Fresh, Least::Oneself),
    ("say_here", Need::Account, Least::Oneself),
    ("say_here_by_link", Need::Open, Least::Oneself),
    ("list_legacy_claims", Need::Account, Least::Oneself),
    ("show_legacy", Need::Account, Least::Oneself),
    ("claim_legacy", Need::Account, Least::Oneself),
    ("withdraw_legacy_claim", Need::Account, Least::Nobody),
    ("list_all_legacy_claims", Need::Admin, Least::Oneself),
    ("stop_legacy_claim", Need::FreshAdmin, Least::Oneself),
    ("get_me", Need::Account, Least::Oneself),
    ("preview_erasure", Need::Account, Least::Oneself),
    ("erase_me", Need::Fresh, Least::Oneself),
    ("restrict_me", Need::Account, Least::Oneself),
    ("lift_restriction", Need::Account, Least::Oneself),
    ("change_me", Need::Account, Least::Oneself),
    ("list_consent_texts", Need::Open, Least::Oneself),
    ("export_account", Need::Fresh, Least::Oneself),
    ("list_consents", Need::Account, Least::Oneself),
    ("change_consents", Need::Account, Least::Oneself),
    ("list_sessions", Need::Account, Least::Oneself),
    ("end_other_sessions", Need::Account, Least::Oneself),
    ("end_session", Need::Account, Least::Holder),
    ("reauth", Need::Account, Least::Oneself),
    ("change_password", Need::Fresh, Least::Oneself),
    ("send_verification", Need::Account, Least::Oneself),
    ("change_email", Need::Fresh, Least::Oneself),
    ("get_factors", Need::Account, Least::Oneself),
    ("begin_totp", Need::Fresh, Least::Oneself),
    ("remove_totp", Need::Fresh, Least::Oneself),
    ("confirm_totp", Need::Fresh, Least::Oneself),
    ("renew_recovery_codes", Need::Fresh, Least::Oneself),
    ("start_passkey", Need::Fresh, Least::Oneself),
    ("add_passkey", Need::Fresh, Least::Oneself),
    ("change_passkey", Need::Fresh, Least::Holder),
    ("remove_passkey", Need::Fresh, Least::Holder),
    ("list_oidc_providers", Need::Open, Least::Oneself),
    ("start_oidc", Need::Open, Least::Oneself),
    ("finish_oidc", Need::Open, Least::Oneself),
    ("finish_oidc_with_code", Need::Open, Least::Oneself),
    ("exchange_id_token", Need::Open, Least::Oneself),
    ("start_oidc_reauth", Need::Account, Least::Oneself),
    ("list_identities", Need::Account, Least::Oneself),
    ("link_identity", Need::Fresh, Least::Oneself),
    ("unlink_identity", Need::Fresh, Least::Nobody),
    ("start_passkey_login", Need::Open, Least::Oneself),
    ("login_with_passkey", Need::Open, Least::Oneself),
    ("list_notifications", Need::Account, Least::Oneself),
    ("read_notifications", Need::Account, Least::Oneself),
    ("read_notification", Need::Account, Least::Holder),
    ("list_api_keys", Need::Account, Least::Oneself),
    ("create_api_key", Need::Fresh, Least::Oneself),
    ("revoke_api_key", Need::Account, Least::Holder),
    ("get_api_key_usage", Need::Account, Least::Holder),
    ("list_spaces", Need::Read, Least::Oneself),
    ("create_space", Need::Account, Least::Oneself),
    ("get_space", Need::Read, Least::Visitor),
    ("change_space", Need::Account, Least::Steward),
    ("delete_space", Need::Fresh, Least::Owner),
    ("list_members", Need::Account, Least::Visitor),
    ("change_member", Need::Account, Least::Steward),
    ("remove_member", Need::Account, Least::Steward),
    ("list_invitations", Need::Account, Least::Steward),
    ("invite", Need::Account, Least::Steward),
    ("withdraw_invitation", Need::Account, Least::Steward),
    ("accept_invitation", Need::Account, Least::Oneself),
    ("list_space_groups", Need::Account, Least::Steward),
    ("let_space_group_in", Need::Account, Least::Owner),
    ("shut_space_group_out", Need::Account, Least::Owner),
    ("list_clones", Need::Read, Least::Oneself),
    ("create_clone", Need::Write, Least::Oneself),
    ("get_clone", Need::Read, Least::Visitor),
    ("change_clone", Need::Write, Least::Steward),
    ("delete_clone", Need::Write, Least::Owner),
    ("get_standing", Need::Read, Least::Visitor),
    ("declare_standing", Need::Account, Least::Steward),
    ("object_to_clone", Need::Account, Least::Visitor),
    ("withdraw_objection", Need::Account, Least::Nobody),
    ("ask_subject", Need::Account, Least::Steward),
    ("set_clone_state", Need::Write, Least::Owner),
    ("get_retention", Need::Read, Least::Visitor),
    ("set_retention", Need::Write, Least::Steward),
    ("get_clone_settings", Need::Read, Least::Visitor),
    ("change_clone_settings", Need::Write, Least::Steward),
    ("search", Need::Read, Least::Visitor),
    ("get_timeline", Need::Read, Least::Visitor),
    ("list_latest_memories", Need::Read, Least::Oneself),
    ("list_memories", Need::Read, Least::Visitor),
    ("create_memory", Need::Write, Least::Contributor),
    ("create_memories", Need::Write, Least::Contributor),
    ("get_memory", Need::Read, Least::Visitor),
    ("change_memory", Need::Write, Least::Steward),
    ("delete_memory", Need::Write, Least::Steward),
    ("list_attachments", Need::Read, Least::Visitor),
    ("add_attachment", Need::Write, Least::Steward),
    ("get_attachment", Need::Read, Least::Visitor),
    ("change_attachment", Need::Write, Least::Steward),
    ("delete_attachment", Need::Write, Least::Steward),
    ("list_revisions", Need::Read, Least::Visitor),
    ("restore_revision", Need::Write, Least::Steward),
    ("list_contributions", Need::Read, Least::Visitor),
    ("approve_memory", Need::Write, Least::Keeper),
    ("decline_memory", Need::Write, Least::Keeper),
    ("withdraw_change", Need::Write, Least::Writer),
    ("list_people", Need::Read, Least::Visitor),
    ("create_person", Need::Write, Least::Contributor),
    ("get_person", Need::Read, Least::Visitor),
    ("change_person", Need::Write, Least::Steward),
    ("delete_person", Need::Write, Least::Steward),
    ("list_conversations", Need::ReadChat, Least::Visitor),
    ("create_conversation", Need::Chat, Least::Visitor),
    ("chat", Need::Chat, Least::Visitor),
    ("list_all_conversations", Need::ReadChat, Least::Oneself),
    ("get_conversation", Need::ReadChat, Least::Holder),
    ("change_conversation", Need::Chat, Least::Holder),
    ("delete_conversation", Need::Chat, Least::Holder),
    ("export_conversation", Need::ReadChat, Least::Holder),
    ("list_messages", Need::ReadChat, Least::Holder),
    ("say", Need::Chat, Least::Holder),
    ("follow_answer", Need::ReadChat, Least::Holder),
    ("stop_answer", Need::Chat, Least::Holder),
    ("rate_answer", Need::Chat, Least::Holder),
    ("list_share_links", Need::Read, Least::Steward),
    ("create_share_link", Need::Account, Least::Steward),
    ("revoke_share_link", Need::Account, Least::Steward),
    ("get_share", Need::Visit, Least::Oneself),
    ("list_trash", Need::Read, Least::Oneself),
    ("restore", Need::Write, Least::Holder),
    ("purge", Need::Write, Least::Holder),
    ("list_users", Need::Admin, Least::Oneself),
    ("get_user", Need::Admin, Least::Oneself),
    ("change_user", Need::FreshAdmin, Least::Oneself),
    ("end_user_sessions", Need::FreshAdmin, Least::Oneself),
    ("get_stats", Need::Admin, Least::Oneself),
    ("list_oidc_settings", Need::Admin, Least::Oneself),
    ("get_oidc_settings", Need::Admin, Least::Oneself),
    ("add_oidc_provider", Need::FreshAdmin, Least::Oneself),
    ("change_oidc_provider", Need::FreshAdmin, Least::Oneself),
    ("remove_oidc_provider", Need::FreshAdmin, Least::Oneself),
    ("test_oidc_provider", Need::Admin, Least::Oneself),
    ("list_backups", Need::Admin, Least::Oneself),
    ("make_backup", Need::Admin, Least::Oneself),
    ("verify_backup", Need::Admin, Least::Oneself),
    ("make_recovery_key", Need::FreshAdmin, Least::Oneself),
    ("confirm_recovery_key", Need::FreshAdmin, Least::Oneself),
    // Of a server that has no account yet; whoever has the identifier may.
    ("begin_restore", Need::Open, Least::Oneself),
    ("get_restore", Need::Open, Least::Oneself),
    ("upload_for_restore", Need::Open, Least::Oneself),
    ("try_restore", Need::Open, Least::Oneself),
    ("carry_out_restore", Need::Open, Least::Oneself),
    ("give_up_restore", Need::Open, Least::Oneself),
    ("get_privacy_notice", Need::Open, Least::Oneself),
    ("get_processing_register", Need::Admin, Least::Oneself),
    ("list_audit", Need::Admin, Least::Oneself),
    ("list_break_glass", Need::Admin, Least::Oneself),
    ("begin_break_glass", Need::FreshAdmin, Least::Oneself),
    ("end_break_glass", Need::Admin, Least::Oneself),
    // Another sign-in's.
    ("list_break_glass_clones", Need::Admin, Least::Nobody),
    ("list_activity", Need::Account, Least::Oneself),
    ("list_own_break_glass", Need::Account, Least::Oneself),
];

/// What even who may do it cannot finish here: the codes of the refusals, and why.
pub const NOT_HERE: &[(&str, &[&str], &str)] = &[
    ("send_verification", &["no_mail"], "nothing here sends mails"),
    ("reauth", &["invalid_credentials"], "a right password makes an old sign-in fresh"),
    ("change_password", &["too_many_attempts", "invalid_credentials"], "that would end the rest"),
    ("erase_me", &["not_confirmed"], "that would end the rest"),
    ("accept_invitation", &["invite_invalid"], "each invitation is used up once"),
    ("renew_recovery_codes", &["totp_not_set"], "nobody here has an authenticator app"),
    ("remove_totp", &["totp_not_set"], "nobody here has an authenticator app"),
    ("confirm_totp", &["totp_invalid"], "with an app every sign-in would want its code"),
    ("add_passkey", &["passkey_not_accepted"], "a passkey begins a new epoch"),
    ("start_oidc_reauth", &["browser_needed", "identity_provider_failed"], "no provider runs here"),
    ("link_identity", &["browser_needed", "identity_provider_failed"], "no provider runs here"),
    ("change_oidc_provider", &["provider_configured"], "this one is of the configuration"),
    ("remove_oidc_provider", &["provider_configured"], "this one is of the configuration"),
    ("make_backup", &["no_backup_destination"], "no place for backups is set here"),
    ("verify_backup", &["not_found"], "no place for backups is set here"),
    (
        "confirm_recovery_key",
        &["recovery_key_mismatch", "no_new_recovery_key"],
        "it is typed wrong",
    ),
    ("approve_memory", &["nothing_waits"], "its author looks after the clone"),
    ("decline_memory", &["nothing_waits"], "its author looks after the clone"),
    ("withdraw_change", &["nothing_waits"], "its author looks after the clone"),
    ("declare_standing", &["invalid", "not_oneself"], "what is declared stays declared"),
    ("object_to_clone", &["objection_not_possible"], "it would rest for everybody else"),
    ("remove_legacy_contact", &["not_found"], "somebody may have removed theirs before"),
    ("show_legacy", &["legacy_key_invalid", "too_many_attempts"], "nobody here was given a key"),
    ("claim_legacy", &["invalid"], "a claim would be told to whom it is about"),
    ("stop_legacy_claim", &["not_found"], "nothing is claimed here"),
    ("ask_subject", &["subject_not_living"], "nobody lives who could be asked"),
    ("let_space_group_in", &["group_not_yours"], "no provider here says who is in a group"),
];

/// A request with the body of an operation: one takes a form.
pub fn dressed(ask: Ask, operation: &str, body: Option<&Value>) -> Ask {
    match body {
        Some(body) if operation == "add_attachment" => {
            let words = body["words"].as_str().expect("words");
            ask.form("letter.txt", "text/plain", words.as_bytes(), None)
        }
        Some(body) => ask.json(body),
        None => ask,
    }
}

/// A body with which whoever may do it succeeds, so that it is not the body that is refused.
pub fn body_of(operation: &str, things: &Things) -> Option<Value> {
    Some(match operation {
        "create_clone" | "create_person" | "create_space" | "change_space" | "change_clone"
        | "change_person" => json!({"name": "Eve"}),
        "create_memory" => json!({"content": "Planted."}),
        "create_memories" => json!({"memories": [{"content": "Planted."}]}),
        "create_conversation" => json!({}),
        "chat" | "say" => json!({"content": "Hello?"}),
        "change_memory" => json!({"content": "Changed."}),
        "approve_memory" | "decline_memory" => json!({"revision": 1}),
        "add_attachment" => json!({"words": "A letter."}),
        "change_attachment" => json!({"caption": "Changed."}),
        "change_conversation" => json!({"title": "Eve's"}),
        "set_legacy_contact" => {
            json!({"name": "Eve's", "email": "contact@evil.example", "then": "hand_over"})
        }
        "show_legacy" => json!({"key": "wrong"}),
        "claim_legacy" => json!({"key": "wrong", "relation": "niece", "text_sha256": "wrong"}),
        "stop_legacy_claim" => json!({"reason": "They live."}),
        "say_here_by_link" => json!({"token": "wrong"}),
        "set_retention" => json!({"days": 3_000}),
        "set_clone_state" => json!({"state": "active"}),
        "object_to_clone" => json!({"relation": "niece"}),
        "declare_standing" => json!({"subject": "self", "text_sha256": "wrong"}),
        "answer_subject" => {
            json!({"token": "wrong", "agreed": true, "name": "Eve", "text_sha256": "wrong"})
        }
        "change_clone_settings" => json!({"retrieval": {"top_k": 1}}),
        "change_me" => json!({"display_name": "Eve"}),
        "change_consents" => json!({"voice_processing": true}),
        "rate_answer" => json!({"rating": 1}),
        "create_share_link" => json!({"label": "Eve's"}),
        "change_member" => json!({"role": "contributor"}),
        "invite" => json!({"role": "visitor"}),
        "let_space_group_in" => {
            json!({"provider": "oidc", "name": "eves", "role": "visitor"})
        }
        _ => return body_of_a_door(operation, things),
    })
}

/// The same for what is about accounts, sign-ins and the server.
fn body_of_a_door(operation: &str, things: &Things) -> Option<Value> {
    Some(match operation {
        "create_api_key" => json!({"label": "Eve's", "scopes": ["read"]}),
        "finish_oidc_with_code" => json!({"totp": "123456"}),
        "exchange_id_token" => json!({"id_token": "wrong"}),
        "link_identity" => json!({"provider": "oidc"}),
        "start_oidc_reauth" => json!({}),
        "confirm_totp" => json!({"code": "123456"}),
        "change_passkey" => json!({"label": "Eve's"}),
        "add_passkey" => json!({"id": "wrong", "label": "Eve's", "credential": {}}),
        "login_with_passkey" => json!({"id": "wrong", "credential": {}}),
        // Wrong, so that an old sign-in is not made fresh.
        "reauth" => json!({"password": "not this one"}),
        // The present one is wrong, so that the sign-in is still good for what comes after.
        "change_password" => {
            json!({"current_password": "not this one", "new_password": "violet umbrella quartz 42"})
        }
        "change_email" => json!({"email": "eve@evil.example"}),
        "accept_invitation"
        | "show_invitation"
        | "verify_email"
        | "begin_restore"
        | "show_subject_consent" => {
            json!({"token": "wrong"})
        }
        "confirm_recovery_key" => json!({"typed": "not this one"}),
        "try_restore" => json!({"recovery_key": "wrong"}),
        "forgot_password" => json!({"email": "ada@example.org"}),
        "reset_password" => json!({"token": "wrong", "new_password": "violet umbrella quartz 42"}),
        "login" => json!({"email": "nobody@example.org", "password": "wrong password here"}),
        "change_user" => json!({"suspended": false}),
        "add_oidc_provider" => json!({
            "id": "eves", "name": "Eve's", "issuer": "https://eve.example", "client_id": "memoria",
        }),
        "change_oidc_provider" => json!({"name": "Eve's"}),
        "begin_break_glass" => {
            json!({"account_id": things["account_id"], "reason": "To see whether it opens."})
        }
        "refresh" | "logout" => json!({"refresh_token": "wrong"}),
        "register" => json!({"email": "x", "password": "x", "display_name": "x"}),
        "set_up" => json!({
            "token": things["trash_id"], "email": "e@example.org",
            "password": "a long password here", "display_name": "Eve",
        }),
        _ => return None,
    })
}
