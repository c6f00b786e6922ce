// The consents an account can give, with the words that explain each.
import type { ConsentName } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export const CONSENTS: {
  id: ConsentName;
  label: MessageKey;
  text: MessageKey;
}[] = [
  { id: 'data_processing', label: 'consent.data', text: 'consent.dataText' },
  { id: 'third_party_apis', label: 'consent.third', text: 'consent.thirdText' },
  { id: 'voice_processing', label: 'consent.voice', text: 'consent.voiceText' },
  { id: 'video_processing', label: 'consent.video', text: 'consent.videoText' },
  {
    id: 'whatsapp_ingestion',
    label: 'consent.chats',
    text: 'consent.chatsText',
  },
];

export const consentLabel = (id: string): MessageKey =>
  CONSENTS.find((c) => c.id === id)?.label ?? 'consent.data';
