// Whether somebody says of whoever is signed in that they have died.
import { legacy, type ClaimAgainst } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';

class Claimed {
  against = $state<ClaimAgainst | null>(null);

  /** Asks; what cannot be asked now is asked on the next page load. */
  async look(): Promise<void> {
    try {
      this.against = (await legacy.claims(locale.tag)).against_caller ?? null;
    } catch {
      this.against = null;
    }
  }

  async here(): Promise<void> {
    await legacy.here();
    this.against = null;
  }
}

export const claimed = new Claimed();
