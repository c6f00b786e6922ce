// Bringing a backup back to a server that has no account yet.
import { API_BASE, data, done, failure, server } from './client';
import { offline } from './problem';
import type { components } from './schema';

type Schemas = components['schemas'];

const restore = (restore_id: string) => ({ params: { path: { restore_id } } });

export const begin = (token: string) => data(server.POST('/admin/restores', { body: { token } }));

export const progress = (id: string) =>
  data(server.GET('/admin/restores/{restore_id}', restore(id)));

export const tryOut = (id: string, body: Schemas['RestoreTrial']) =>
  data(server.POST('/admin/restores/{restore_id}/try', { ...restore(id), body }));

export const carryOut = (id: string) =>
  data(server.POST('/admin/restores/{restore_id}/carry-out', restore(id)));

export const giveUp = (id: string) =>
  done(server.DELETE('/admin/restores/{restore_id}', restore(id)));

/** Sends a file, however large; only the older way of asking says how much has left. */
export function upload(
  id: string,
  part: 'backup' | 'keyring',
  file: File,
  sent: (share: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = deferred();
  const request = new XMLHttpRequest();
  request.open('POST', `${API_BASE}/admin/restores/${encodeURIComponent(id)}/upload?part=${part}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.upload.onprogress = ({ loaded, total }) => sent(total > 0 ? loaded / total : 0);
  request.onerror = () => reject(offline());
  request.onload = () => {
    if (request.status < 300) return resolve();
    const { status, responseText } = request;
    reject(failure(parsed(responseText), new Response(null, { status })));
  };
  request.send(file);
  return promise;
}

function deferred() {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((done, failed) => ([resolve, reject] = [done, failed]));
  return { promise, resolve, reject };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
