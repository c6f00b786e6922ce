// An answer as it is written. The server goes on when we lose the line, so we rejoin where we were.
import { API_BASE, failure, idempotencyKey, proof } from './client';
import { ApiError, offline } from './problem';
import { framesOf, type SseFrame } from './sse';
import type { AnswerEvent } from './types';

export type Question =
  | { cloneId: string; content: string }
  | { conversationId: string; content: string; parentId: string | null }
  | { conversationId: string; regenerateOf: string };

interface Place {
  conversationId: string;
  messageId: string;
  lastEventId: string | null;
}

const WAITS_MS = [300, 1_000, 2_000, 4_000, 8_000];

function requestFor(question: Question): {
  url: string;
  body: Record<string, unknown>;
} {
  if ('cloneId' in question) {
    const url = `${API_BASE}/clones/${encodeURIComponent(question.cloneId)}/chat`;
    return { url, body: { content: question.content } };
  }
  const id = encodeURIComponent(question.conversationId);
  const url = `${API_BASE}/conversations/${id}/messages`;
  if ('regenerateOf' in question) return { url, body: { regenerate_of: question.regenerateOf } };
  const parent = question.parentId === null ? {} : { parent_id: question.parentId };
  return { url, body: { content: question.content, ...parent } };
}

async function open(url: string, init: RequestInit): Promise<ReadableStream<Uint8Array>> {
  const headers = { ...(init.headers as Record<string, string>), ...proof() };
  const response = await fetch(url, { credentials: 'same-origin', ...init, headers });
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => null);
    throw failure(body, response);
  }
  if (!response.body) throw offline();
  return response.body;
}

function rejoin(place: Place, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const cid = encodeURIComponent(place.conversationId);
  const mid = encodeURIComponent(place.messageId);
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (place.lastEventId !== null) headers['Last-Event-ID'] = place.lastEventId;
  return open(`${API_BASE}/conversations/${cid}/messages/${mid}/events`, {
    headers,
    signal,
  });
}

function parse(frame: SseFrame): AnswerEvent | null {
  const known = ['start', 'sources', 'delta', 'done', 'error'];
  if (!known.includes(frame.event)) return null;
  return {
    event: frame.event,
    data: JSON.parse(frame.data) as unknown,
  } as AnswerEvent;
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** No answer at all, or one of a server or proxy that is just starting or stopping. */
const passes = (status: number) => [0, 502, 503, 504].includes(status);

/** Yields events until `done` or `error`; a lost line is taken up again a few times. */
async function* follow(
  connect: (place: Place | null) => Promise<ReadableStream<Uint8Array>>,
  from: Place | null,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  let place = from;
  let losses = 0;
  for (;;) {
    try {
      for await (const frame of framesOf(await connect(place))) {
        const event = parse(frame);
        if (!event) continue;
        losses = 0;
        if (event.event === 'start') {
          const { conversation_id, message_id } = event.data;
          place = {
            conversationId: conversation_id,
            messageId: message_id,
            lastEventId: null,
          };
        }
        if (place && frame.id !== null) place.lastEventId = frame.id;
        yield event;
        if (event.event === 'done' || event.event === 'error') return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !passes(error.status)) throw error;
    }
    if (signal.aborted) return;
    const wait = WAITS_MS[losses];
    losses += 1;
    if (wait === undefined) throw offline();
    await pause(wait, signal);
  }
}

export function ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const { url, body } = requestFor(question);
  // The same key each time: a repeated request joins the answer that is already being written.
  const headers = {
    Accept: 'text/event-stream',
    'Content-Type': 'application/json',
    'Idempotency-Key': idempotencyKey(),
  };
  const connect = (place: Place | null) =>
    place
      ? rejoin(place, signal)
      : open(url, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
          signal,
        });
  return follow(connect, null, signal);
}

/** Follows an answer that another tab, or this one before a reload, asked for. */
export function join(
  conversationId: string,
  messageId: string,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const place = { conversationId, messageId, lastEventId: null };
  return follow((at) => rejoin(at ?? place, signal), place, signal);
}
