// A question that the server does not take makes room for the next, and its words stay.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Thread } from './thread.svelte';

const refusal = (code: string, status: number) =>
  new Response(JSON.stringify({ title: 'No', status, code, detail: '' }), { status });

function answer(question: string, id: string, text: string): Response {
  const frame = (n: number, event: string, data: unknown) =>
    `id: ${n}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  const message = { id, parent_id: question, status: 'complete', role: 'assistant', content: text };
  return new Response(
    frame(1, 'start', { conversation_id: 'c', user_message_id: question, message_id: id }) +
      frame(2, 'done', { message }),
  );
}

describe('a refused question', () => {
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
  const thread = () => new Thread('clone', { begun: () => undefined, ended: () => undefined });
  const said = (of: Thread) => of.branch.map((message) => message.content);
  const bodies = () =>
    fetched.mock.calls.map(([, init]) => JSON.parse(init.body as string) as unknown);

  beforeEach(() => vi.stubGlobal('fetch', fetched));
  afterEach(() => {
    vi.unstubAllGlobals();
    fetched.mockReset();
  });

  it('makes room for another one at the beginning', async () => {
    fetched
      .mockResolvedValueOnce(refusal('too_many_streams', 429))
      .mockResolvedValueOnce(answer('q', 'a', 'Four.'));
    const talk = thread();
    await talk.ask('How many trees?');
    expect(talk.phase.kind).toBe('failed');
    expect(said(talk)).toEqual(['How many trees?']);
    await talk.ask('And which?');
    expect(said(talk)).toEqual(['And which?', 'Four.']);
  });

  it('makes room for another one after the last stored answer', async () => {
    fetched
      .mockResolvedValueOnce(answer('q1', 'a1', 'In Lyon.'))
      .mockResolvedValueOnce(refusal('invalid', 422))
      .mockResolvedValueOnce(refusal('not_found', 404))
      .mockResolvedValueOnce(answer('q2', 'a2', 'In 1962.'));
    const talk = thread();
    await talk.ask('Where?');
    await talk.ask('Whom?');
    await talk.ask('Why?');
    expect(said(talk)).toEqual(['Where?', 'In Lyon.', 'Why?']);
    await talk.ask('When?');
    expect(said(talk)).toEqual(['Where?', 'In Lyon.', 'When?', 'In 1962.']);
    expect(bodies().at(-1)).toEqual({ content: 'When?', parent_id: 'a1' });
  });

  it('hands its words back, and they are no longer shown as asked', async () => {
    fetched.mockResolvedValueOnce(refusal('too_many_streams', 429));
    const talk = thread();
    await talk.ask('How many trees?');
    expect(talk.unsent).toBe('How many trees?');
    expect(talk.takeBack()).toBe('How many trees?');
    expect(said(talk)).toEqual([]);
    expect(talk.unsent).toBeNull();
    expect(talk.phase).toMatchObject({ kind: 'failed', again: null });
  });

  it('keeps its words while another one is asked', async () => {
    fetched
      .mockResolvedValueOnce(refusal('too_many_streams', 429))
      .mockResolvedValueOnce(answer('q', 'a', 'Four.'));
    const talk = thread();
    await talk.ask('How many trees?');
    await talk.ask('And which?');
    expect(talk.takeBack()).toBe('How many trees?');
    expect(said(talk)).toEqual(['And which?', 'Four.']);
  });

  it('is not left over once it was asked again', async () => {
    fetched
      .mockResolvedValueOnce(refusal('too_many_streams', 429))
      .mockResolvedValueOnce(answer('q', 'a', 'Four.'));
    const talk = thread();
    await talk.ask('How many trees?');
    if (talk.phase.kind === 'failed') await talk.phase.again?.();
    expect(talk.unsent).toBeNull();
    expect(said(talk)).toEqual(['How many trees?', 'Four.']);
  });
});
