// Photographs, recordings and other files of memories.
import { API_BASE, data, done, failure, idempotencyKey, server } from './client';
import { offline } from './problem';
import type { Attachment } from './types';

const of = (clone_id: string, memory_id: string, attachment_id: string) => ({
  params: { path: { clone_id, memory_id, attachment_id } },
});

/** Where a file can be had. */
export const address = (clone_id: string, { id, memory_id }: Attachment) =>
  `${API_BASE}/clones/${clone_id}/memories/${memory_id}/attachments/${id}`;

/** Sends a file; only the older way of asking says how much has left. */
export function add(
  clone_id: string,
  memory_id: string,
  file: File,
  sent: (share: number) => void,
): Promise<Attachment> {
  const form = new FormData();
  form.append('file', file);
  const path = `/clones/${clone_id}/memories/${memory_id}/attachments`;
  const request = new XMLHttpRequest();
  request.open('POST', `${API_BASE}${path}`);
  request.setRequestHeader('Idempotency-Key', idempotencyKey());
  request.responseType = 'json';
  request.upload.onprogress = ({ loaded, total }) => sent(total > 0 ? loaded / total : 0);
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(offline());
    request.onload = () => {
      const { status } = request;
      const response: unknown = request.response;
      if (status < 300) resolve(response as Attachment);
      else reject(failure(response, new Response(null, { status })));
    };
    request.send(form);
  });
}

export const describe = (clone_id: string, file: Attachment, caption: string | null) =>
  data(
    server.PATCH('/clones/{clone_id}/memories/{memory_id}/attachments/{attachment_id}', {
      ...of(clone_id, file.memory_id, file.id),
      body: { caption },
    }),
  );

export const remove = (clone_id: string, file: Attachment) =>
  done(
    server.DELETE(
      '/clones/{clone_id}/memories/{memory_id}/attachments/{attachment_id}',
      of(clone_id, file.memory_id, file.id),
    ),
  );
