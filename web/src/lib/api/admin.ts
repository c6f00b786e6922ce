// What those who look after the server see and do.
import { data, done, server } from './client';
import type { components } from './schema';
import type { Health } from './types';

type Schemas = components['schemas'];

const user = (account_id: string) => ({ params: { path: { account_id } } });
const provider = (provider: string) => ({ params: { path: { provider } } });
const look = (break_glass_id: string) => ({ params: { path: { break_glass_id } } });

export const stats = () => data(server.GET('/admin/stats'));

/** How the parts of the server are; a server that cannot serve refuses. */
export const health = async () => (await data(server.GET('/gateway/health'))) as Health;

export const users = (query: { q?: string; cursor?: string }) =>
  data(server.GET('/admin/users', { params: { query } }));

export const changeUser = (id: string, body: Schemas['UserPatch']) =>
  data(server.PATCH('/admin/users/{account_id}', { ...user(id), body }));

export const endSignIns = (id: string) =>
  done(server.DELETE('/admin/users/{account_id}/sessions', user(id)));

export const auditLog = (query: { event?: string; account?: string; cursor?: string }) =>
  data(server.GET('/admin/audit', { params: { query } }));

export const providers = async () => (await data(server.GET('/admin/oidc'))).items;

export const addProvider = (body: Schemas['NewOidcProvider']) =>
  data(server.POST('/admin/oidc', { body }));

export const changeProvider = (id: string, body: Schemas['OidcProviderPatch']) =>
  data(server.PATCH('/admin/oidc/{provider}', { ...provider(id), body }));

export const removeProvider = (id: string) =>
  done(server.DELETE('/admin/oidc/{provider}', provider(id)));

export const testProvider = (id: string) =>
  data(server.POST('/admin/oidc/{provider}/test', provider(id)));

export const looks = async () => (await data(server.GET('/admin/break-glass'))).items;

export const beginLook = (body: Schemas['NewBreakGlass']) =>
  data(server.POST('/admin/break-glass', { body }));

export const endLook = (id: string) =>
  done(server.DELETE('/admin/break-glass/{break_glass_id}', look(id)));

export const clonesBehind = async (id: string) =>
  (await data(server.GET('/admin/break-glass/{break_glass_id}/clones', look(id)))).items;

const backup = (backup_id: string) => ({ params: { path: { backup_id } } });

export const backups = () => data(server.GET('/admin/backups'));

export const makeBackup = () => done(server.POST('/admin/backups'));

export const tryBackup = (id: string) =>
  done(server.POST('/admin/backups/{backup_id}/verify', backup(id)));

export const makeRecoveryKey = () => data(server.POST('/admin/backups/recovery-key'));

export const confirmRecoveryKey = (typed: string) =>
  done(server.POST('/admin/backups/recovery-key/confirm', { body: { typed } }));
