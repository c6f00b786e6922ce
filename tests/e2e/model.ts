// A language model that speaks the OpenAI protocol and fails on demand.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault = 'none' | 'refuse' | 'hang' | 'cut' | 'garbage' | 'slow';

export interface ModelServer {
  baseUrl: string;
  /** How the next answers go. */
  fault: Fault;
  /** What it says to a question, piece by piece; without it, always the same. */
  says: ((question: string) => string[]) | null;
  /** The bodies that were asked with. */
  requests: { messages: { role: string; content: string }[] }[];
  stop(): Promise<void>;
}

const PIECES = ['We met ', 'at the dance ', 'in **Lyon** [1]. ', 'It rained ', 'all night.'];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const chunk = (extra: Record<string, unknown>) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'test-model',
    ...extra,
  })}\n\n`;

const delta = (content: string) =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });

async function speak(
  response: ServerResponse,
  fault: Fault,
  pieces: string[] | null,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  if (fault === 'garbage') {
    response.end('data: {"choices": [{"delta": \n\ndata: <html>not a model</html>\n\n');
    return;
  }
  for (const [i, piece] of (pieces ?? PIECES).entries()) {
    if (fault === 'cut' && i === 2) {
      response.destroy();
      return;
    }
    response.write(delta(piece));
    // What a test has it say comes as fast as it can, but not all at once.
    if (!pieces) await pause(fault === 'slow' ? 1_000 : 30);
    else if (i % 8 === 7) await pause(0);
    if (response.destroyed) return;
  }
  response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  response.write(
    chunk({
      choices: [],
      usage: { prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 },
    }),
  );
  response.end('data: [DONE]\n\n');
}

export async function startModel(): Promise<ModelServer> {
  const state: ModelServer = {
    baseUrl: '',
    fault: 'none',
    says: null,
    requests: [],
    stop: stopped,
  };
  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'test-model' }] }));
      return;
    }
    const asked = JSON.parse(await bodyOf(request)) as ModelServer['requests'][number];
    state.requests.push(asked);
    if (state.fault === 'hang') return;
    if (state.fault === 'refuse') {
      response.writeHead(500, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({
          error: { message: 'out of order', type: 'server_error' },
        }),
      );
      return;
    }
    const pieces = state.says?.(asked.messages.at(-1)?.content ?? '') ?? null;
    await speak(response, state.fault, pieces);
  }

  async function stopped(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  state.baseUrl = `http://127.0.0.1:${port}/v1`;
  return state;
}
