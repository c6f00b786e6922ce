// What a backup holds, in words.
import type { BackupContents } from '$lib/api';
import { t } from '$lib/i18n/index.svelte';

export const contentWords = ({ accounts, clones, memories }: BackupContents): string =>
  t('backups.brings', { accounts, clones, memories });
