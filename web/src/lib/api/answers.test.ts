// A lost line is taken up again where it broke; a refusal is not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask } from './answers';
import { ApiError } from './problem';

const frame = (id: number, event: string, data: unknown) =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const start = frame(1, 'start', {
  conversation_id: 'c',
  user_message_id: 'u',
  message_id: 'm',
  model: null,
});

function stream(text: string, broken = false): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (broken) controller.error(new TypeError('network'));
      else controller.close();
    },
  });
  return new Response(body, { status: 200 });
}

async function collect(question = { cloneId: 'x', content: 'hello' }): Promise<string[]> {
  const events: string[] = [];
  for await (const event of ask(question, new AbortController().signal)) {
    events.push(event.event === 'delta' ? event.data.text : event.event);
  }
  return events;
}

describe('ask', () => {
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
  beforeEach(() => {
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 500 });
    vi.stubGlobal('fetch', fetched);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    fetched.mockReset();
  });

  it('rejoins the message with the last event id', async () => {
    fetched
      .mockResolvedValueOnce(stream(start + frame(2, 'delta', { text: 'one ' }), false))
      .mockResolvedValueOnce(stream(frame(3, 'delta', { text: 'two' }) + frame(4, 'done', {})));
    expect(await collect()).toEqual(['start', 'one ', 'two', 'done']);
    const [url, init] = fetched.mock.calls[1] ?? [];
    expect(url).toContain('/conversations/c/messages/m/events');
    expect(init?.headers).toMatchObject({ 'Last-Event-ID': '2' });
  });

  it('asks again with the same key when it was cut before the start', async () => {
    fetched
      .mockRejectedValueOnce(new TypeError('network'))
      .mockResolvedValueOnce(stream(start + frame(2, 'done', {})));
    expect(await collect()).toEqual(['start', 'done']);
    const keys = fetched.mock.calls.map(
      ([, init]) => (init.headers as Record<string, string>)['Idempotency-Key'],
    );
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });

  it('waits for a server that is just starting again', async () => {
    const starting = JSON.stringify({
      title: 'Starting',
      status: 503,
      code: 'starting',
    });
    fetched
      .mockResolvedValueOnce(stream(start + frame(2, 'delta', { text: 'one ' })))
      .mockResolvedValueOnce(new Response(starting, { status: 503 }))
      .mockResolvedValueOnce(stream(start + frame(2, 'done', {})));
    expect(await collect()).toEqual(['start', 'one ', 'start', 'done']);
  });

  it('hands a refusal on at once', async () => {
    const body = JSON.stringify({
      title: 'Over',
      status: 402,
      code: 'quota_exceeded',
      detail: '',
    });
    fetched.mockResolvedValueOnce(new Response(body, { status: 402 }));
    await expect(collect()).rejects.toBeInstanceOf(ApiError);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
