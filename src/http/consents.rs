//! Which consents each operation needs, of whoever asks. Every operation has a row, or the
//! document cannot be made: nothing that processes what people write is added without saying so.
//!
//! What a missing consent forbids is enforced where the processing happens; tests withdraw each
//! consent, try every operation, and compare with this table.

use serde_json::{Map, Value, json};

use crate::consents::Consent;

/// What an operation needs.
struct Declared {
    operation: &'static str,
    /// Without these it is a 403 `consent_required`.
    needed: &'static [Consent],
    /// Without these it works, and nothing leaves this server's own network.
    outside: &'static [Consent],
}

/// Works whatever one agreed to: it reads, deletes, or is about the account itself.
const fn free(operation: &'static str) -> Declared {
    Declared { operation, needed: &[], outside: &[] }
}

/// Takes in what one writes.
const fn keeps(operation: &'static str) -> Declared {
    Declared { operation, needed: &[Consent::DataProcessing], outside: &[] }
}

/// Has something answered, maybe by a service of others.
const fn asks(operation: &'static str) -> Declared {
    Declared { operation, needed: &[Consent::DataProcessing], outside: &[Consent::ThirdPartyApis] }
}

const DECLARED: &[Declared] = &[
    free("preview_erasure"),
    free("erase_me"),
    free("get_erasure"),
    free("restrict_me"),
    free("lift_restriction"),
    free("get_legacy_contact"),
    free("set_legacy_contact"),
    free("remove_legacy_contact"),
    free("say_here"),
    free("say_here_by_link"),
    free("list_legacy_claims"),
    free("show_legacy"),
    free("claim_legacy"),
    free("withdraw_legacy_claim"),
    free("list_all_legacy_claims"),
    free("stop_legacy_claim"),
    free("get_retention"),
    free("set_retention"),
    free("get_health"),
    free("get_setup"),
    free("set_up"),
    free("register"),
    free("login"),
    free("refresh"),
    free("logout"),
    free("forgot_password"),
    free("reset_password"),
    free("verify_email"),
    free("show_invitation"),
    free("get_me"),
    free("change_me"),
    free("list_consent_texts"),
    free("export_account"),
    free("list_consents"),
    free("change_consents"),
    free("list_sessions"),
    free("end_other_sessions"),
    free("end_session"),
    free("reauth"),
    free("change_password"),
    free("send_verification"),
    free("change_email"),
    free("get_factors"),
    free("begin_totp"),
    free("remove_totp"),
    free("confirm_totp"),
    free("renew_recovery_codes"),
    free("start_passkey"),
    free("add_passkey"),
    free("change_passkey"),
    free("remove_passkey"),
    free("list_oidc_providers"),
    free("start_oidc"),
    free("finish_oidc"),
    free("finish_oidc_with_code"),
    free("exchange_id_token"),
    free("start_oidc_reauth"),
    free("list_identities"),
    free("link_identity"),
    free("unlink_identity"),
    free("start_passkey_login"),
    free("login_with_passkey"),
    free("list_notifications"),
    free("read_notifications"),
    free("read_notification"),
    free("list_api_keys"),
    free("create_api_key"),
    free("revoke_api_key"),
    free("get_api_key_usage"),
    free("list_spaces"),
    free("create_space"),
    free("get_space"),
    free("change_space"),
    free("delete_space"),
    free("list_members"),
    free("change_member"),
    free("remove_member"),
    free("list_invitations"),
    free("invite"),
    free("withdraw_invitation"),
    free("accept_invitation"),
    free("list_space_groups"),
    free("let_space_group_in"),
    free("shut_space_group_out"),
    free("list_clones"),
    keeps("create_clone"),
    free("get_clone"),
    keeps("change_clone"),
    free("delete_clone"),
    free("get_clone_settings"),
    free("change_clone_settings"),
    free("get_standing"),
    keeps("declare_standing"),
    // Who objects or is asked needs nobody's leave.
    free("object_to_clone"),
    free("withdraw_objection"),
    free("ask_subject"),
    free("set_clone_state"),
    free("show_subject_consent"),
    free("answer_subject"),
    free("search"),
    free("get_timeline"),
    free("list_latest_memories"),
    free("list_memories"),
    keeps("create_memory"),
    keeps("create_memories"),
    free("get_memory"),
    keeps("change_memory"),
    free("delete_memory"),
    free("list_attachments"),
    keeps("add_attachment"),
    free("get_attachment"),
    keeps("change_attachment"),
    free("delete_attachment"),
    free("list_revisions"),
    keeps("restore_revision"),
    free("list_contributions"),
    keeps("approve_memory"),
    free("decline_memory"),
    free("withdraw_change"),
    free("list_people"),
    keeps("create_person"),
    free("get_person"),
    keeps("change_person"),
    free("delete_person"),
    free("list_conversations"),
    keeps("create_conversation"),
    asks("chat"),
    free("list_all_conversations"),
    free("get_conversation"),
    free("change_conversation"),
    free("delete_conversation"),
    free("export_conversation"),
    free("list_messages"),
    asks("say"),
    free("follow_answer"),
    free("stop_answer"),
    free("rate_answer"),
    free("list_share_links"),
    free("create_share_link"),
    free("revoke_share_link"),
    free("get_share"),
    free("list_trash"),
    keeps("restore"),
    free("purge"),
    free("list_users"),
    free("get_user"),
    free("change_user"),
    free("end_user_sessions"),
    free("get_stats"),
    free("list_oidc_settings"),
    free("get_oidc_settings"),
    free("add_oidc_provider"),
    free("change_oidc_provider"),
    free("remove_oidc_provider"),
    free("test_oidc_provider"),
    free("list_backups"),
    free("make_backup"),
    free("verify_backup"),
    free("make_recovery_key"),
    free("confirm_recovery_key"),
    free("begin_restore"),
    free("get_restore"),
    free("upload_for_restore"),
    free("try_restore"),
    free("carry_out_restore"),
    free("give_up_restore"),
    free("get_privacy_notice"),
    free("get_processing_register"),
    free("list_audit"),
    free("list_break_glass"),
    free("begin_break_glass"),
    free("end_break_glass"),
    free("list_break_glass_clones"),
    free("list_activity"),
    free("list_own_break_glass"),
];

/// Writes into an operation of the document which consents it needs.
pub(super) fn declare(operation: &mut Map<String, Value>) {
    let named = operation.get("operationId").and_then(Value::as_str);
    let Some(declared) = DECLARED.iter().find(|row| Some(row.operation) == named) else { return };
    let names =
        |consents: &[Consent]| consents.iter().map(|consent| consent.name()).collect::<Vec<_>>();
    let (needed, outside) = (names(declared.needed), names(declared.outside));
    operation.insert("x-consents".to_owned(), json!({"needed": needed, "outside": outside}));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::DECLARED;

    #[test]
    fn every_operation_says_which_consents_it_needs() {
        let service = poem_openapi::OpenApiService::new(crate::http::api::api(), "", "");
        let document: Value = serde_json::from_str(&service.spec()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|item| item.as_object().unwrap().values());
        let there: BTreeSet<&str> =
            operations.filter_map(|operation| operation["operationId"].as_str()).collect();
        let rows: BTreeSet<&str> = DECLARED.iter().map(|row| row.operation).collect();
        assert_eq!(rows, there);
        assert_eq!(rows.len(), DECLARED.len(), "a row twice");
    }
}
