// The keys with which programs come in.
import { API_BASE, data, done, onlyOnce, server } from './client';
import type { KeyDraft } from './types';

const of = (api_key_id: string) => ({ params: { path: { api_key_id } } });

export const keys = async () => (await data(server.GET('/api-keys'))).items;

export const createKey = (body: KeyDraft) =>
  data(server.POST('/api-keys', { body, params: { header: onlyOnce() } }));

export const revokeKey = (id: string) => done(server.DELETE('/api-keys/{api_key_id}', of(id)));

export const usage = async (api_key_id: string, days: number) =>
  (
    await data(
      server.GET('/api-keys/{api_key_id}/usage', {
        params: { path: { api_key_id }, query: { days } },
      }),
    )
  ).items;

/** Where a program finds the API: at the address that this page came from. */
export const address = () => `${location.origin}${API_BASE}`;
