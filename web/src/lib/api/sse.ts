// Reads a text/event-stream body. EventSource cannot send a POST, so the parsing is done here.

export interface SseFrame {
  event: string;
  data: string;
  id: string | null;
}

/** Feed it text in pieces of any size; it answers with the frames that are complete. */
export class SseParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;
  #started = false;

  push(text: string): SseFrame[] {
    let input = this.#rest + text;
    if (!this.#started && input.length > 0) {
      this.#started = true;
      if (input.startsWith('\uFEFF')) input = input.slice(1);
    }
    const frames: SseFrame[] = [];
    let at = 0;
    for (;;) {
      const end = lineEnd(input, at);
      if (end === null) break;
      const frame = this.#line(input.slice(at, end.stop));
      if (frame) frames.push(frame);
      at = end.next;
    }
    this.#rest = input.slice(at);
    return frames;
  }

  #line(line: string): SseFrame | null {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const raw = colon === -1 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return null;
  }

  #dispatch(): SseFrame | null {
    const data = this.#data;
    const event = this.#event || 'message';
    this.#data = [];
    this.#event = '';
    return data.length === 0 ? null : { event, data: data.join('\n'), id: this.#id };
  }
}

/** A trailing CR may be the first half of CRLF, so it waits for the next piece. */
function lineEnd(text: string, from: number): { stop: number; next: number } | null {
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === '\n') return { stop: i, next: i + 1 };
    if (c === '\r') {
      if (i + 1 === text.length) return null;
      return { stop: i, next: text[i + 1] === '\n' ? i + 2 : i + 1 };
    }
  }
  return null;
}

export async function* framesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<SseFrame> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.releaseLock();
  }
}
