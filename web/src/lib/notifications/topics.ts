// What each notice says, and what it names.
import type { NotificationTopic } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export const TITLES: Record<NotificationTopic, MessageKey> = {
  new_device: 'notice.newDevice',
  password_changed: 'notice.passwordChanged',
  password_reset: 'notice.passwordReset',
  email_changed: 'notice.emailChanged',
  second_factor_added: 'notice.secondFactorAdded',
  second_factor_removed: 'notice.secondFactorRemoved',
  passkey_added: 'notice.passkeyAdded',
  passkey_removed: 'notice.passkeyRemoved',
  passkey_copied: 'notice.passkeyCopied',
  identity_linked: 'notice.identityLinked',
  identity_unlinked: 'notice.identityUnlinked',
  api_key_created: 'notice.apiKeyCreated',
  sign_in_reused: 'notice.signInReused',
  recovery_code_used: 'notice.recoveryCodeUsed',
  recovery_codes_renewed: 'notice.recoveryCodesRenewed',
  share_link_created: 'notice.shareLinkCreated',
  clone_shared: 'notice.cloneShared',
  data_exported: 'notice.dataExported',
  break_glass: 'notice.breakGlass',
  break_glass_ended: 'notice.breakGlassEnded',
  space_invitation: 'notice.spaceInvitation',
  role_changed: 'notice.roleChanged',
  space_handed_over: 'notice.spaceHandedOver',
  removed_from_space: 'notice.removedFromSpace',
  clone_moved: 'notice.cloneMoved',
  admin_granted: 'notice.adminGranted',
  admin_revoked: 'notice.adminRevoked',
  locked_out: 'notice.lockedOut',
  suspended: 'notice.suspended',
  unsuspended: 'notice.unsuspended',
  recovery_key_set: 'notice.recoveryKeySet',
  backup_failed: 'notice.backupFailed',
  backup_overdue: 'notice.backupOverdue',
};

/** Words around what a notice names; where there are none, the name says enough. */
export const DETAILS: Partial<Record<NotificationTopic, MessageKey>> = {
  email_changed: 'notice.before',
  break_glass: 'notice.reason',
  share_link_created: 'notice.clone',
  clone_shared: 'notice.clone',
  clone_moved: 'notice.clone',
  break_glass_ended: 'notice.opened',
  space_invitation: 'notice.space',
  role_changed: 'notice.space',
  space_handed_over: 'notice.space',
  removed_from_space: 'notice.space',
};
