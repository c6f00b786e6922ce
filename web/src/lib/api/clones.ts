// Clones, how they answer, and the people around them.
import { data, done, onlyOnce, server } from './client';
import type { CloneChange, CloneDraft, CloneSettingsChange, PersonDraft } from './types';

const of = (clone_id: string) => ({ params: { path: { clone_id } } });
const personOf = (clone_id: string, person_id: string) => ({
  params: { path: { clone_id, person_id } },
});

export const clones = (cursor?: string) =>
  data(server.GET('/clones', { params: { query: { limit: 100, cursor } } }));

export const clone = (id: string) => data(server.GET('/clones/{clone_id}', of(id)));

export const createClone = (body: CloneDraft) =>
  data(server.POST('/clones', { body, params: { header: onlyOnce() } }));

export const changeClone = (id: string, body: CloneChange) =>
  data(server.PATCH('/clones/{clone_id}', { ...of(id), body }));

export const deleteClone = (id: string) => done(server.DELETE('/clones/{clone_id}', of(id)));

export const cloneSettings = (id: string) =>
  data(server.GET('/clones/{clone_id}/settings', of(id)));

export const changeCloneSettings = (id: string, body: CloneSettingsChange) =>
  data(server.PATCH('/clones/{clone_id}/settings', { ...of(id), body }));

export const people = (clone_id: string) =>
  data(
    server.GET('/clones/{clone_id}/people', {
      params: { path: { clone_id }, query: { limit: 200 } },
    }),
  );

export const addPerson = (id: string, body: PersonDraft) =>
  data(server.POST('/clones/{clone_id}/people', { ...of(id), body }));

export const changePerson = (id: string, pid: string, body: PersonDraft) =>
  data(
    server.PATCH('/clones/{clone_id}/people/{person_id}', {
      ...personOf(id, pid),
      body,
    }),
  );

export const deletePerson = (id: string, pid: string) =>
  done(server.DELETE('/clones/{clone_id}/people/{person_id}', personOf(id, pid)));

export const trash = () => data(server.GET('/trash'));

const thrown = (trash_id: string) => ({ params: { path: { trash_id } } });

export const restoreFromTrash = (id: string) =>
  done(server.POST('/trash/{trash_id}/restore', thrown(id)));

export const deleteForever = (id: string) => done(server.DELETE('/trash/{trash_id}', thrown(id)));

/** For how long conversations with a clone are kept; how many would go if it were so many days. */
export const retention = (clone_id: string, days?: number) =>
  data(
    server.GET('/clones/{clone_id}/retention', {
      params: { path: { clone_id }, query: days === undefined ? {} : { days } },
    }),
  );

export const setRetention = (clone_id: string, days: number | null) =>
  data(
    server.PUT('/clones/{clone_id}/retention', { params: { path: { clone_id } }, body: { days } }),
  );
