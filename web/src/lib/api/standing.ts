// On whose word a clone exists, who objects, and whether it rests.
import { data, done, server } from './client';
import type { CloneState, Declaring, Objecting } from './types';

const of = (clone_id: string) => ({ params: { path: { clone_id } } });

export const standing = (clone_id: string, locale: string) =>
  data(
    server.GET('/clones/{clone_id}/standing', {
      params: { path: { clone_id }, query: { locale } },
    }),
  );

export const declare = (id: string, body: Declaring) =>
  data(server.POST('/clones/{clone_id}/declarations', { ...of(id), body }));

export const objectTo = (id: string, body: Objecting) =>
  data(server.POST('/clones/{clone_id}/objections', { ...of(id), body }));

export const takeBack = (clone_id: string, objection_id: string) =>
  done(
    server.DELETE('/clones/{clone_id}/objections/{objection_id}', {
      params: { path: { clone_id, objection_id } },
    }),
  );

export const askSubject = (id: string) =>
  data(server.POST('/clones/{clone_id}/subject-consent', of(id)));

export const setState = (id: string, state: CloneState, farewell?: string) =>
  data(
    server.PUT('/clones/{clone_id}/state', {
      ...of(id),
      body: farewell ? { state, farewell } : { state },
    }),
  );

/** What a living person who was asked sees. */
export const asked = (token: string, locale: string) =>
  data(server.POST('/subject-consents/show', { params: { query: { locale } }, body: { token } }));

export const answer = (token: string, agreed: boolean, name: string, text_sha256: string) =>
  data(server.POST('/subject-consents/answer', { body: { token, agreed, name, text_sha256 } }));
