// What somebody was writing when their sign-in ended under it: it stands there again when they
// are back. In the memory of this page alone, and for nobody else.
class Unsaved {
  #awaited: string | null = null;
  readonly #kept = new Map<string, unknown>();

  /** The sign-in of an account ended, not because anybody wanted that. */
  await(account: string): void {
    this.#awaited = account;
  }

  /** Somebody is signed in. */
  arrived(account: string): void {
    if (account !== this.#awaited) this.#kept.clear();
    this.#awaited = null;
  }

  /** Nobody comes back to it. */
  forget(): void {
    this.#awaited = null;
    this.#kept.clear();
  }

  /** Keeps what stands at a place, if it would be lost. */
  keep(place: string, what: unknown): void {
    if (this.#awaited !== null) this.#kept.set(place, what);
  }

  /** What stood at a place; once. */
  take<T>(place: string): T | undefined {
    const what = this.#kept.get(place) as T | undefined;
    this.#kept.delete(place);
    return what;
  }
}

export const unsaved = new Unsaved();
