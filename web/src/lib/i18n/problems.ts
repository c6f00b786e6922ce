// Failures in the reader's words: known codes from the catalogue, the server's detail otherwise.
import type { ApiError } from '$lib/api';
import { locale, soon, t, type MessageKey } from './index.svelte';

const BY_CODE: Record<string, MessageKey> = {
  offline: 'problem.offline',
  unexpected: 'problem.unexpected',
  internal: 'problem.internal',
  unauthenticated: 'problem.signedOut',
  invalid_credentials: 'problem.credentials',
  totp_required: 'problem.totp',
  totp_invalid: 'problem.totpInvalid',
  totp_not_begun: 'problem.totpNotBegun',
  passkey_invalid: 'problem.passkeyInvalid',
  passkey_not_accepted: 'problem.passkeyNotAccepted',
  passkeys_unavailable: 'passkey.impossible',
  too_many_passkeys: 'problem.tooManyPasskeys',
  factor_off: 'problem.factorOff',
  reauth_required: 'problem.reauth',
  too_many_attempts: 'problem.tooManyAttempts',
  suspended: 'problem.suspended',
  scope_missing: 'problem.scope',
  session_required: 'problem.personOnly',
  link_invalid: 'problem.link',
  last_admin: 'problem.lastAdmin',
  account_in_memory: 'problem.accountInMemory',
  legacy_key_invalid: 'problem.legacyKey',
  own_legacy_key: 'problem.ownLegacyKey',
  legacy_claim_running: 'problem.legacyClaimRunning',
  legacy_claim_over: 'problem.legacyClaimOver',
  not_confirmed: 'problem.notConfirmed',
  admin_only: 'problem.adminOnly',
  own_account: 'problem.ownAccount',
  break_glass_running: 'problem.breakGlassRunning',
  personal_space: 'problem.personalSpace',
  owner_stays: 'problem.ownerStays',
  member_suspended: 'problem.memberSuspended',
  too_many_spaces: 'problem.tooManySpaces',
  group_not_yours: 'problem.groupNotYours',
  too_many_groups: 'problem.tooManyGroups',
  too_many_providers: 'problem.tooManyProviders',
  provider_configured: 'problem.providerConfigured',
  space_full: 'problem.spaceFull',
  already_member: 'problem.alreadyMember',
  no_mail: 'problem.noMail',
  too_many_keys: 'problem.tooManyKeys',
  key_limited: 'problem.keyLimited',
  key_elsewhere: 'problem.keyElsewhere',
  email_taken: 'problem.emailTaken',
  invite_needed: 'problem.inviteNeeded',
  invite_invalid: 'problem.inviteInvalid',
  registration_closed: 'problem.registrationClosed',
  external_id_taken: 'problem.alreadyThere',
  stale: 'problem.changedMeanwhile',
  share_budget_spent: 'problem.shareSpent',
  share_link_expired: 'problem.shareEnded',
  clone_in_trash: 'problem.cloneInTrash',
  caption_is_in: 'problem.captionIsIn',
  memory_in_trash: 'problem.memoryInTrash',
  file_type: 'problem.fileType',
  file_mismatch: 'problem.fileMismatch',
  file_broken: 'problem.fileBroken',
  too_many_attachments: 'problem.tooManyFiles',
  damaged: 'problem.fileDamaged',
  share_link_paused: 'problem.sharePaused',
  standing_required: 'problem.standingRequired',
  clone_paused: 'problem.clonePaused',
  clone_retired: 'problem.cloneRetired',
  clone_objected: 'problem.cloneObjected',
  nothing_waits: 'problem.nothingWaits',
  subject_refused: 'problem.subjectRefused',
  not_oneself: 'problem.notOneself',
  subject_not_living: 'problem.subjectNotLiving',
  objection_not_possible: 'problem.objectionNotPossible',
  subject_link_invalid: 'problem.subjectLink',
  too_much_said: 'problem.tooMuchSaid',
  too_many_share_links: 'problem.tooManyShareLinks',
  quota_exceeded: 'problem.quota',
  rate_limited: 'problem.tooMany',
  too_large: 'problem.tooLarge',
  too_many_streams: 'problem.tooManyAnswers',
  too_many_exports: 'problem.tooManyExports',
  not_an_export: 'problem.notAnExport',
  not_empty: 'problem.notEmpty',
  already_here: 'problem.alreadyHere',
  not_found: 'problem.notFound',
  break_glass_limited: 'problem.breakGlassLimited',
  forbidden: 'problem.forbidden',
  invalid: 'problem.invalid',
  consent_required: 'problem.consent',
  processing_restricted: 'problem.restricted',
  clone_resting: 'problem.cloneResting',
  cross_origin: 'problem.crossOrigin',
  other_address: 'problem.otherAddress',
  busy: 'problem.busy',
  stopping: 'problem.stopping',
  search_busy: 'problem.busy',
  storage_unavailable: 'problem.storage',
  disk_full: 'problem.diskFull',
  backup_failed: 'problem.backupFailed',
  backup_running: 'problem.backupRunning',
  backup_damaged: 'problem.backupDamaged',
  backup_newer: 'problem.backupNewer',
  backup_ledger_older: 'problem.backupLedger',
  backup_other_keys: 'problem.backupKeys',
  keyring_copy_missing: 'problem.keyringMissing',
  no_backup_chosen: 'problem.noBackupChosen',
  no_new_recovery_key: 'problem.noNewRecoveryKey',
  recovery_key_mismatch: 'problem.recoveryMismatch',
  restore_not_ready: 'problem.restoreNotReady',
  restore_running: 'problem.restoreRunning',
  trial_running: 'problem.trialRunning',
  upload_broken_off: 'problem.uploadBroken',
  no_backup_destination: 'problem.backupNowhere',
  not_a_recovery_key: 'problem.recoveryKey',
  identity_another: 'problem.identityAnother',
  identity_denied: 'problem.identityDenied',
  identity_email_missing: 'problem.identityEmail',
  identity_flow_invalid: 'problem.identityFlow',
  identity_link_needed: 'problem.identityLink',
  identity_provider_failed: 'problem.identityProvider',
  identity_taken: 'problem.identityTaken',
  identity_token_invalid: 'problem.identityToken',
  last_way_in: 'problem.lastWayIn',
  browser_needed: 'problem.browserNeeded',
  public_url_needed: 'problem.publicUrl',
  setup_needed: 'problem.setupNeeded',
  setup_token_invalid: 'problem.setupToken',
  already_set_up: 'problem.alreadySetUp',
  sign_in_expired: 'problem.signInExpired',
  totp_not_set: 'problem.totpNotSet',
  body_too_slow: 'problem.bodyTooSlow',
  malformed: 'problem.malformed',
  upstream_unreachable: 'problem.modelUnreachable',
  upstream_refused: 'problem.modelRefused',
  upstream_unauthorized: 'problem.modelUnauthorized',
  upstream_timeout: 'problem.modelTimeout',
  upstream_malformed: 'problem.modelMalformed',
  upstream_interrupted: 'problem.modelInterrupted',
  upstream_rate_limited: 'problem.modelBusy',
};

const UPSTREAM = /^upstream_/;

/** Codes come by addresses too, where anybody writes: `constructor` is none that we know. */
const keyOf = (words: Record<string, MessageKey>, code: string): MessageKey | undefined =>
  Object.hasOwn(words, code) ? words[code] : undefined;

/** The words for a code that is kept with a broken answer; none for one nobody knows. */
export function codeWords(code: string): string | null {
  const known = keyOf(BY_CODE, code) ?? (UPSTREAM.test(code) ? 'problem.provider' : undefined);
  return known ? t(known) : null;
}

/** Refusals that a while of waiting ends; the server says how long. */
const AWHILE = ['rate_limited', 'too_many_attempts'];

function awhile(error: ApiError): string {
  const { limit } = error;
  const ofLink = error.code === 'rate_limited' && limit?.policy === 'share';
  const why = (ofLink ? t('problem.shareHour') : codeWords(error.code)) ?? '';
  return `${why} ${limit ? t('wait.again', { when: soon(limit.seconds) }) : t('wait.little')}`;
}

/** The words for a code that came with an address, where anything may stand. */
export function broughtWords(code: string): string {
  const words = codeWords(code) ?? t('problem.unexpected');
  return AWHILE.includes(code) ? `${words} ${t('wait.little')}` : words;
}

export function problemWords(error: ApiError): string {
  if (AWHILE.includes(error.code)) return awhile(error);
  const known = codeWords(error.code);
  if (known) return known;
  if (error.status === 507) return t('problem.full');
  if (locale.language === 'en' && error.problem.detail) return error.problem.detail;
  return t(error.status >= 500 ? 'problem.internal' : 'problem.unexpected');
}

const BY_FIELD_CODE: Record<string, MessageKey> = {
  required: 'field.required',
  too_long: 'field.tooLong',
  too_short: 'field.tooShort',
  too_many: 'field.tooMany',
  too_few: 'field.tooFew',
  out_of_range: 'field.outOfRange',
  malformed: 'field.malformed',
  not_an_address: 'field.email',
  not_a_url: 'field.url',
  not_a_network: 'field.network',
  private_address: 'oidc.testNotAllowed',
  not_a_date: 'field.date',
  unknown: 'field.unknown',
  not_allowed: 'field.notAllowed',
  taken: 'field.taken',
  password_guessable: 'field.passwordGuessable',
  password_wrong: 'field.passwordWrong',
};

/** What is wrong with one field of what was sent, if anything is. */
export function problemField(error: ApiError | null | undefined, name: string): string | undefined {
  const wrong = error?.field(name);
  if (!wrong) return undefined;
  const known = wrong.code === undefined ? undefined : keyOf(BY_FIELD_CODE, wrong.code);
  if (known) return t(known);
  // The server's words are English, and better than none where that is read.
  return (locale.language === 'en' && wrong.detail) || t('field.wrong');
}
