// The stream arrives in pieces cut anywhere, also inside a character.
import { describe, expect, it } from 'vitest';
import { framesOf, SseParser } from './sse';

const whole =
  'id: 1\nevent: start\ndata: {"a":1}\n\n: keep\n\nid: 2\nevent: delta\ndata: {"text":"été"}\n\n';

describe('SseParser', () => {
  it('reads whole frames and skips comments', () => {
    const frames = new SseParser().push(whole);
    expect(frames).toEqual([
      { event: 'start', data: '{"a":1}', id: '1' },
      { event: 'delta', data: '{"text":"été"}', id: '2' },
    ]);
  });

  it('gives the same frames wherever the text is cut', () => {
    const expected = new SseParser().push(whole);
    for (let cut = 1; cut < whole.length; cut++) {
      const parser = new SseParser();
      const frames = [...parser.push(whole.slice(0, cut)), ...parser.push(whole.slice(cut))];
      expect(frames).toEqual(expected);
    }
  });

  it('understands CR and CRLF, also cut between the two', () => {
    const parser = new SseParser();
    const frames = [...parser.push('data: a\r'), ...parser.push('\ndata: b\r\n\r\ndata: c\r\r')];
    frames.push(...parser.push('x'));
    expect(frames.map((f) => f.data)).toEqual(['a\nb', 'c']);
  });

  it('joins data lines, keeps one leading space, and names unnamed events', () => {
    const [frame] = new SseParser().push('data:  two\ndata\ndata:x\n\n');
    expect(frame).toEqual({ event: 'message', data: ' two\n\nx', id: null });
  });

  it('drops a frame that never ended', () => {
    expect(new SseParser().push('data: half')).toEqual([]);
  });

  it('keeps characters whole when bytes are split', async () => {
    const bytes = new TextEncoder().encode(whole);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const data: string[] = [];
    for await (const frame of framesOf(body)) data.push(frame.data);
    expect(data).toEqual(['{"a":1}', '{"text":"été"}']);
  });
});
