// The list of memories on the page: loaded, narrowed, found by meaning, changed.
import { asApiError, memories, type ApiError, type Memory, type SearchHit } from '$lib/api';
import { filterOf, NOTHING, type Wanted } from './wanted';

export type ShelfState =
  | { kind: 'loading' }
  | { kind: 'listed'; items: Memory[]; next: string | null }
  | { kind: 'found'; items: { memory: Memory | null; hit: SearchHit }[] }
  | { kind: 'failed'; error: ApiError };

/** The search knows neither kinds nor tags, so what it found is sifted here. */
function fits(memory: Memory | null, kind?: Memory['kind'], tag?: string): boolean {
  if (!kind && !tag) return true;
  const wanted = tag?.toLowerCase();
  const tagged = !wanted || memory?.tags.some((word) => word.toLowerCase() === wanted) === true;
  return tagged && (!kind || memory?.kind === kind);
}

export class Shelf {
  state = $state<ShelfState>({ kind: 'loading' });
  wanted = $state<Wanted>({ ...NOTHING });
  #turn = 0;

  constructor(readonly cloneId: string) {}

  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.state = { kind: 'loading' };
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
    const { kind, tag, ...filter } = filterOf(this.wanted);
    const { hits } = await memories.search(this.cloneId, this.wanted.q.trim(), filter);
    const items = await Promise.all(
      hits.map(async (hit) => {
        if (hit.kind !== 'memory') return { memory: null, hit };
        const memory = await memories.memory(this.cloneId, hit.id).catch(() => null);
        return { memory, hit };
      }),
    );
    return { kind: 'found', items: items.filter((item) => fits(item.memory, kind, tag)) };
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
      state.items = state.items.map((i) => (i.memory?.id === memory.id ? { ...i, memory } : i));
    }
  }

  remove(id: string): void {
    const { state } = this;
    if (state.kind === 'listed') state.items = state.items.filter((m) => m.id !== id);
    else if (state.kind === 'found') state.items = state.items.filter((i) => i.memory?.id !== id);
  }

  clear(): Promise<void> {
    this.wanted = { ...NOTHING };
    return this.load();
  }
}
