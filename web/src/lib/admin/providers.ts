// What can be said of a provider of sign-ins, and the words for what is wrong with one.
import type { OidcProvider, OidcTrouble, SignUp } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

/** What the form holds; an empty text stands for none. */
export interface Draft {
  id: string;
  name: string;
  issuer: string;
  client_id: string;
  client_secret: string;
  sign_up: SignUp;
  trusted_email: boolean;
  scopes: string[];
  groups_claim: string;
  admin_group: string;
}

export const draftOf = (provider: OidcProvider | null): Draft => ({
  id: provider?.id ?? '',
  name: provider?.name ?? '',
  issuer: provider?.issuer ?? '',
  client_id: provider?.client_id ?? '',
  client_secret: '',
  sign_up: provider?.sign_up ?? 'invite',
  trusted_email: provider?.trusted_email ?? false,
  scopes: provider?.scopes ?? ['email', 'profile'],
  groups_claim: provider?.groups_claim ?? '',
  admin_group: provider?.admin_group ?? '',
});

/** A short name for addresses, made of a name for people. */
export const idFrom = (name: string): string =>
  name
    .normalize('NFD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/gu, ' ')
    .trim()
    .replaceAll(' ', '-')
    .slice(0, 32);

const orNull = (text: string): string | null => text.trim() || null;

/** What may be changed later. */
export const settingsOf = (draft: Draft) => ({
  name: draft.name.trim(),
  client_id: draft.client_id.trim(),
  sign_up: draft.sign_up,
  trusted_email: draft.trusted_email,
  scopes: draft.scopes,
  groups_claim: orNull(draft.groups_claim),
  admin_group: orNull(draft.admin_group),
  ...(draft.client_secret === '' ? {} : { client_secret: draft.client_secret.trim() }),
});

export const SIGN_UPS: { id: SignUp; label: MessageKey; text: MessageKey }[] = [
  { id: 'invite', label: 'oidc.signUpInvite', text: 'oidc.signUpInviteText' },
  { id: 'open', label: 'oidc.signUpOpen', text: 'oidc.signUpOpenText' },
  { id: 'closed', label: 'oidc.signUpClosed', text: 'oidc.signUpClosedText' },
];

export const TROUBLES: Record<OidcTrouble, MessageKey> = {
  unreachable: 'oidc.testUnreachable',
  slow: 'oidc.testSlow',
  no_provider: 'oidc.testNoProvider',
  no_page: 'oidc.testNoPage',
  no_signature: 'oidc.testNoSignature',
  not_allowed: 'oidc.testNotAllowed',
};
