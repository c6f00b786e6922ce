// The list of memories on the page: loaded, narrowed, found by meaning, changed.
import { asApiError, memories, type ApiError, type Memory } from '$lib/api';
import { sifted, type Found } from './found';
import { filterOf, NOTHING, type Wanted } from './wanted';

export type ShelfState =
  | { kind: 'loading' }
  | { kind: 'listed'; items: Memory[]; next: string | null }
  /** `also` is near in meaning without having one of the words. */
  | { kind: 'found'; items: Found[]; also: Found[] }
  | { kind: 'failed'; error: ApiError };

/** How long to wait for the next key while somebody types. */
const PAUSE_MS = 250;

export class Shelf {
  state = $state<ShelfState>({ kind: 'loading' });
  wanted = $state<Wanted>({ ...NOTHING });
  #turn = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly cloneId: string) {}

  /** While somebody types: what is shown stays until there is something better. */
  typed(): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#refresh(), PAUSE_MS);
  }

  async load(): Promise<void> {
    clearTimeout(this.#pause);
    this.state = { kind: 'loading' };
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const state = this.wanted.q.trim() === '' ? await this.#list() : await this.#find();
      if (turn === this.#turn) this.state = state;
    } catch (error) {
      if (turn === this.#turn) this.state = { kind: 'failed', error: asApiError(error) };
    }
  }

  async #list(): Promise<ShelfState> {
    const page = await memories.memories(this.cloneId, filterOf(this.wanted));
    return { kind: 'listed', items: page.items, next: page.next_cursor };
  }

  async #find(): Promise<ShelfState> {
    const { kind: memory_kind, ...filter } = filterOf(this.wanted);
    const narrowed = {
      ...filter,
      ...(memory_kind ? { memory_kind } : {}),
      typing: true,
    };
    const { hits } = await memories.search(this.cloneId, this.wanted.q.trim(), narrowed);
    const items = await Promise.all(
      hits.map(async (hit) => {
        if (hit.kind !== 'memory') return { memory: null, hit };
        const memory = await memories.memory(this.cloneId, hit.id).catch(() => null);
        return { memory, hit };
      }),
    );
    return { kind: 'found', ...sifted(items) };
  }

  async more(): Promise<void> {
    const { state } = this;
    if (state.kind !== 'listed' || !state.next) return;
    try {
      const page = await memories.memories(this.cloneId, filterOf(this.wanted), state.next);
      this.state = {
        kind: 'listed',
        items: [...state.items, ...page.items],
        next: page.next_cursor,
      };
    } catch (error) {
      this.state = { kind: 'failed', error: asApiError(error) };
    }
  }

  replace(memory: Memory): void {
    const { state } = this;
    if (state.kind === 'listed') {
      state.items = state.items.map((m) => (m.id === memory.id ? memory : m));
    } else if (state.kind === 'found') {
      const same = (found: Found) =>
        found.memory?.id === memory.id ? { ...found, memory } : found;
      state.items = state.items.map(same);
      state.also = state.also.map(same);
    }
  }

  remove(id: string): void {
    const { state } = this;
    if (state.kind === 'listed') state.items = state.items.filter((m) => m.id !== id);
    else if (state.kind === 'found') {
      state.items = state.items.filter((found) => found.memory?.id !== id);
      state.also = state.also.filter((found) => found.memory?.id !== id);
    }
  }

  clear(): Promise<void> {
    this.wanted = { ...NOTHING };
    return this.load();
  }
}
