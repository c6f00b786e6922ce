// What a device is called: mostly by names that are the same in every language.
import { t, type MessageKey } from '$lib/i18n/index.svelte';

const WORDS: Record<string, MessageKey> = {
  'Unknown device': 'device.unknown',
  'Command line': 'device.commandLine',
};

export function deviceName(label: string): string {
  const word = WORDS[label];
  return word ? t(word) : label;
}
