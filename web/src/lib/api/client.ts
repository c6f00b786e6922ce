// The one door to the server: every call is typed by the server's own document, and every failure
// leaves as an ApiError.
import { base } from '$app/paths';
import createClient from 'openapi-fetch';
import { ApiError, limitFrom, offline, problemFrom } from './problem';
import type { paths } from './schema';

export const API_BASE = `${base}/api/v1`;

/** What a visitor of a share link brings; then nothing is asked in the name of an account. */
let brought: string | null = null;

/** Says what is brought from now on; null brings the session again, if there is one. */
export function bring(shareToken: string | null): void {
  brought = shareToken;
}

export const proof = (): Record<string, string> =>
  brought === null ? {} : { Authorization: `Share ${brought}` };

// The window's fetch is looked up at each call, so tests may replace it.
export const server = createClient<paths>({
  baseUrl: API_BASE,
  credentials: 'same-origin',
  fetch: (request) => {
    for (const [name, value] of Object.entries(proof())) request.headers.set(name, value);
    return globalThis.fetch(request);
  },
});

const signedOutListeners = new Set<() => void>();

/** Calls back whenever the server no longer knows the session. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export function failure(body: unknown, { status, headers }: Response): ApiError {
  const error = new ApiError(problemFrom(body, status), limitFrom(headers));
  // That a link has ended says nothing about a session beside it.
  if (error.signedOut && brought === null) for (const listener of signedOutListeners) listener();
  return error;
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** What an answer carries when it is not a failure. */
type Data<A extends Answer> = Exclude<A['data'], undefined>;

/** Waits for an answer and hands out what it carries; anything else is thrown as an ApiError. */
export async function data<A extends Answer>(pending: Promise<A>): Promise<Data<A>> {
  let answer;
  try {
    answer = await pending;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw offline();
  }
  if (!answer.response.ok) throw failure(answer.error, answer.response);
  return answer.data as Data<A>;
}

/** The same for calls whose answer is empty or of no interest. */
export async function done(pending: Promise<Answer>): Promise<void> {
  await data(pending);
}

/** Creating calls carry a key, so that a repeated request does not create twice. */
export function idempotencyKey(): string {
  // crypto.randomUUID is missing on plain HTTP in a home network; getRandomValues is not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export const onlyOnce = () => ({ 'Idempotency-Key': idempotencyKey() });
