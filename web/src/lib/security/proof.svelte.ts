// Sensitive calls need a fresh proof of who one is. Whoever makes one wraps it in `proof.fresh`:
// when the server asks, the dialog `ConfirmYou` opens, and the call is made again afterwards.
import { ApiError } from '$lib/api';

class Proof {
  /** Settles the question that is open: whether it was proven. */
  #settle = $state.raw<((proven: boolean) => void) | null>(null);

  get asking(): boolean {
    return this.#settle !== null;
  }

  /** Makes a call, and once more after the person proved who they are. */
  async fresh<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'reauth_required') throw error;
      if (!(await this.#ask())) throw error;
      return call();
    }
  }

  settle(proven: boolean): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(proven);
  }

  #ask(): Promise<boolean> {
    this.settle(false);
    return new Promise((resolve) => (this.#settle = resolve));
  }
}

export const proof = new Proof();
