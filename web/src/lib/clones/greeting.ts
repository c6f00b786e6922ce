// What the first page says first, and which memory it shows today.
import type { MessageKey } from '$lib/i18n/index.svelte';

export function greetingKey(hour: number): MessageKey {
  if (hour >= 5 && hour < 12) return 'home.morning';
  return hour >= 12 && hour < 18 ? 'home.afternoon' : 'home.evening';
}

const DAY_MS = 86_400_000;

/** Another one each day, the same all day long. */
export function ofToday<T>(items: readonly T[], now: number): T | undefined {
  return items[Math.floor(now / DAY_MS) % Math.max(1, items.length)];
}
