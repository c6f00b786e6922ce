// The consents an account can give, in the order in which they are shown. The words of each come
// from the server, which keeps what was agreed to.
import type { ConsentChange, ConsentName } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export const CONSENTS: { id: ConsentName; label: MessageKey }[] = [
  { id: 'data_processing', label: 'consent.data' },
  { id: 'third_party_apis', label: 'consent.third' },
  { id: 'voice_processing', label: 'consent.voice' },
  { id: 'video_processing', label: 'consent.video' },
  { id: 'whatsapp_ingestion', label: 'consent.chats' },
];

export const consentLabel = (id: string): MessageKey =>
  CONSENTS.find((c) => c.id === id)?.label ?? 'consent.data';

/** On which way something was said. */
export const CHANNELS: Record<NonNullable<ConsentChange['channel']>, MessageKey> = {
  web: 'consent.byWeb',
  api: 'consent.byApi',
  sign_up: 'consent.bySignUp',
  cli: 'consent.byCli',
};
