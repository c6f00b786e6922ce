// Conversations and what can be done with one message; answers as they come are in answers.ts.
import { data, done, server } from './client';
import type { Feedback, Message } from './types';

const of = (conversation_id: string) => ({
  params: { path: { conversation_id } },
});
const messageOf = (conversation_id: string, message_id: string) => ({
  params: { path: { conversation_id, message_id } },
});

export const latestConversations = (limit = 5) =>
  data(server.GET('/conversations', { params: { query: { limit } } }));

export const conversations = (clone_id: string, cursor?: string) =>
  data(
    server.GET('/clones/{clone_id}/conversations', {
      params: { path: { clone_id }, query: { limit: 50, cursor } },
    }),
  );

export const conversation = (id: string) =>
  data(server.GET('/conversations/{conversation_id}', of(id)));

export const changeConversation = (id: string, body: { title?: string; pinned?: boolean }) =>
  data(server.PATCH('/conversations/{conversation_id}', { ...of(id), body }));

export const deleteConversation = (id: string) =>
  done(server.DELETE('/conversations/{conversation_id}', of(id)));

/** All messages of a conversation: the tree of branches needs every one of them. */
export async function allMessages(conversation_id: string): Promise<Message[]> {
  const all: Message[] = [];
  let cursor: string | undefined;
  do {
    const page = await data(
      server.GET('/conversations/{conversation_id}/messages', {
        params: {
          path: { conversation_id },
          query: { order: 'asc', limit: 200, cursor },
        },
      }),
    );
    all.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return all;
}

export const stopMessage = (cid: string, mid: string) =>
  data(
    server.POST('/conversations/{conversation_id}/messages/{message_id}/stop', messageOf(cid, mid)),
  );

/** 1 for good, -1 for bad, 0 to take it back. */
export const rateMessage = (
  cid: string,
  mid: string,
  body: { rating: Feedback['rating']; comment?: string },
) =>
  data(
    server.PUT('/conversations/{conversation_id}/messages/{message_id}/feedback', {
      ...messageOf(cid, mid),
      body,
    }),
  );
