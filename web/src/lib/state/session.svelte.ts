// Who is signed in, as far as this browser knows.
import { accounts, ApiError, type Account, type Setup } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';

export type SessionState =
  { kind: 'unknown' } | { kind: 'out'; setup: Setup | null } | { kind: 'in'; account: Account };

class Session {
  state = $state<SessionState>({ kind: 'unknown' });

  get account(): Account | null {
    return this.state.kind === 'in' ? this.state.account : null;
  }

  /** Asks the server once; later calls answer from memory. */
  async ensure(): Promise<SessionState> {
    if (this.state.kind !== 'unknown') return this.state;
    locale.useBrowser();
    try {
      this.enter(await accounts.me());
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      await this.leave();
    }
    return this.state;
  }

  enter(account: Account): void {
    this.state = { kind: 'in', account };
    locale.use([account.locale, ...navigator.languages]);
  }

  async leave(): Promise<void> {
    const setup = await accounts.setupState().catch(() => null);
    this.state = { kind: 'out', setup };
    locale.useBrowser();
  }
}

export const session = new Session();
