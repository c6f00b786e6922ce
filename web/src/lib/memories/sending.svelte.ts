// Files on their way to a memory: one after the other, each with how much of it has left.
import { asApiError, attachments, type ApiError, type Attachment } from '$lib/api';

export type Sending =
  | { kind: 'idle' }
  | { kind: 'sending'; name: string; share: number; left: number }
  | { kind: 'failed'; name: string; error: ApiError };

export class Sender {
  state = $state<Sending>({ kind: 'idle' });

  /** Sends them; those that were taken. It stops at the first that is not. */
  async send(cloneId: string, memoryId: string, files: File[]): Promise<Attachment[]> {
    const taken: Attachment[] = [];
    for (const [at, file] of files.entries()) {
      const left = files.length - at - 1;
      this.state = { kind: 'sending', name: file.name, share: 0, left };
      try {
        const sent = (share: number) => {
          this.state = { kind: 'sending', name: file.name, share, left };
        };
        taken.push(await attachments.add(cloneId, memoryId, file, sent));
      } catch (error) {
        this.state = { kind: 'failed', name: file.name, error: asApiError(error) };
        return taken;
      }
    }
    this.state = { kind: 'idle' };
    return taken;
  }
}
