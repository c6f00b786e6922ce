// Who is signed in, as far as this browser knows.
import { accounts, ApiError, type Account, type Setup } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { toasts } from '$lib/ui/toasts.svelte';
import { unsaved } from './unsaved';

export type SessionState =
  { kind: 'unknown' } | { kind: 'out'; setup: Setup | null } | { kind: 'in'; account: Account };

class Session {
  state = $state<SessionState>({ kind: 'unknown' });
  /** The session is about to end: requests that fail now are no surprise. */
  ending = false;
  #leaving: Promise<void> | null = null;

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
    unsaved.arrived(account.id);
    if (this.state.kind === 'out') toasts.clear();
    this.state = { kind: 'in', account };
    locale.use([account.locale, ...navigator.languages]);
  }

  /**
   * From here on nobody is signed in; settles when it is known how one can sign in. All who notice
   * the end at the same time wait for the same answer.
   */
  leave(): Promise<void> {
    return (this.#leaving ??= this.#left().finally(() => (this.#leaving = null)));
  }

  /** Signs out on purpose; says where one can sign out too, and then that is where to go. */
  async signOut(): Promise<string | null> {
    this.ending = true;
    unsaved.forget();
    try {
      const elsewhere = await accounts.logout();
      if (elsewhere) return elsewhere;
    } catch (error) {
      // Already signed out is what was wanted.
      if (!(error instanceof ApiError) || error.status !== 401) {
        this.ending = false;
        throw error;
      }
    }
    await this.leave();
    return null;
  }

  /** Everything of the account is erased: nothing of it stays in this browser, either. */
  async erased(): Promise<void> {
    this.ending = true;
    unsaved.forget();
    await this.leave();
  }

  async #left(): Promise<void> {
    this.ending = true;
    const setup = await accounts.setupState().catch(() => null);
    this.state = { kind: 'out', setup };
    this.ending = false;
    locale.useBrowser();
  }
}

export const session = new Session();
