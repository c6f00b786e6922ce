// What is remembered: one memory, many at once, found again, and in order of time.
import { data, done, onlyOnce, server } from './client';
import type { Memory, MemoryChange, MemoryDraft, MemoryFilter, SearchFilter } from './types';

const of = (clone_id: string, memory_id: string) => ({
  params: { path: { clone_id, memory_id } },
});

export const memories = (
  clone_id: string,
  filter: MemoryFilter = {},
  cursor?: string,
  limit = 30,
) =>
  data(
    server.GET('/clones/{clone_id}/memories', {
      params: { path: { clone_id }, query: { ...filter, cursor, limit } },
    }),
  );

export const latestMemories = (limit = 5) =>
  data(server.GET('/memories', { params: { query: { limit } } }));

export const memory = (id: string, mid: string) =>
  data(server.GET('/clones/{clone_id}/memories/{memory_id}', of(id, mid)));

export const addMemory = (clone_id: string, body: MemoryDraft) =>
  data(
    server.POST('/clones/{clone_id}/memories', {
      params: { path: { clone_id }, header: onlyOnce() },
      body,
    }),
  );

/** A memory as it is now, and what to name it by when it is changed. */
export async function memoryToChange(id: string, mid: string): Promise<[Memory, string | null]> {
  const asked = server.GET('/clones/{clone_id}/memories/{memory_id}', of(id, mid));
  const memory = await data(asked);
  return [memory, (await asked).response.headers.get('etag')];
}

/** Changes a memory if it is still the one that was read; else it fails with a 412. */
export const changeMemory = (
  clone_id: string,
  memory_id: string,
  body: MemoryChange,
  read: string | null,
) =>
  data(
    server.PATCH('/clones/{clone_id}/memories/{memory_id}', {
      params: {
        path: { clone_id, memory_id },
        header: read === null ? {} : { 'If-Match': read },
      },
      body,
    }),
  );

/** What waits to be let in: all of it for stewards, one's own for others. */
export const contributions = (clone_id: string, cursor?: string) =>
  data(
    server.GET('/clones/{clone_id}/contributions', {
      params: { path: { clone_id }, query: { cursor, limit: 30 } },
    }),
  );

/** Lets in what waits of a memory, as it was in a revision. */
export const approve = (id: string, mid: string, revision: number) =>
  data(
    server.POST('/clones/{clone_id}/memories/{memory_id}/approve', {
      ...of(id, mid),
      body: { revision },
    }),
  );

export const decline = (id: string, mid: string, revision: number, reason: string) =>
  done(
    server.POST('/clones/{clone_id}/memories/{memory_id}/decline', {
      ...of(id, mid),
      body: { revision, ...(reason && { reason }) },
    }),
  );

export const withdrawChange = (id: string, mid: string) =>
  done(server.DELETE('/clones/{clone_id}/memories/{memory_id}/change', of(id, mid)));

export const deleteMemory = (id: string, mid: string) =>
  done(server.DELETE('/clones/{clone_id}/memories/{memory_id}', of(id, mid)));

export const addMemories = (clone_id: string, list: MemoryDraft[]) =>
  data(
    server.POST('/clones/{clone_id}/memories/batch', {
      params: { path: { clone_id } },
      body: { memories: list },
    }),
  );

export const revisions = (id: string, mid: string) =>
  data(server.GET('/clones/{clone_id}/memories/{memory_id}/revisions', of(id, mid)));

export const restoreRevision = (clone_id: string, memory_id: string, n: number) =>
  data(
    server.POST('/clones/{clone_id}/memories/{memory_id}/revisions/{n}/restore', {
      params: { path: { clone_id, memory_id, n } },
    }),
  );

export const search = (clone_id: string, q: string, filter: SearchFilter = {}) =>
  data(
    server.GET('/clones/{clone_id}/search', {
      params: { path: { clone_id }, query: { q, limit: 30, ...filter } },
    }),
  );

export const timeline = (clone_id: string, cursor?: string) =>
  data(
    server.GET('/clones/{clone_id}/timeline', {
      params: { path: { clone_id }, query: { limit: 200, cursor } },
    }),
  );
