// One conversation as it is shown: its tree of messages, the branch in view, the answer under way.
import { answers, ApiError, asApiError, conversations } from '$lib/api';
import type { AnswerEvent, Feedback, Message } from '$lib/api';
import { branchOf, siblingsOf, type Choices } from './tree';

export type Phase =
  | { kind: 'loading' }
  | { kind: 'idle' }
  | { kind: 'asking' }
  | { kind: 'writing'; messageId: string }
  | { kind: 'failed'; error: ApiError; again: (() => Promise<void>) | null };

type Question = Parameters<typeof answers.ask>[0];

interface Hooks {
  /** A first question has made a conversation. */
  begun: (conversationId: string) => void;
  /** An answer has ended, one way or another: title and order of the list may be others now. */
  ended: () => void;
}

const LOCAL = 'local-question';
const STOP_PATIENCE_MS = 3_000;

export class Thread {
  conversationId = $state<string | null>(null);
  messages = $state<Message[]>([]);
  choices = $state<Choices>({});
  phase = $state<Phase>({ kind: 'idle' });
  branch = $derived(branchOf(this.messages, this.choices));
  busy = $derived(this.phase.kind === 'asking' || this.phase.kind === 'writing');
  /** The words of a question that the server did not take, until they are asked or taken back. */
  unsent = $state<string | null>(null);
  #following: AbortController | null = null;
  /** Whether the server has told that it keeps the question that was put last. */
  #kept = false;

  constructor(
    readonly cloneId: string,
    readonly hooks: Hooks,
  ) {}

  /** Shows a conversation, or an empty one for null. What was under way goes on at the server. */
  async open(conversationId: string | null): Promise<void> {
    this.leave();
    this.conversationId = conversationId;
    this.messages = [];
    this.choices = {};
    this.unsent = null;
    this.phase = { kind: 'idle' };
    if (conversationId) await this.#load(conversationId);
  }

  leave(): void {
    this.#following?.abort();
    this.#following = null;
  }

  async #load(conversationId: string): Promise<void> {
    this.phase = { kind: 'loading' };
    try {
      const messages = await conversations.allMessages(conversationId);
      if (this.conversationId !== conversationId) return;
      this.messages = messages;
      this.phase = { kind: 'idle' };
    } catch (error) {
      const again = () => this.#load(conversationId);
      this.phase = { kind: 'failed', error: asApiError(error), again };
      return;
    }
    const unfinished = this.branch.at(-1);
    if (unfinished?.status === 'generating') await this.#join(unfinished);
  }

  async #join(message: Message): Promise<void> {
    // The events are told from the beginning, so what was stored would appear twice.
    message.content = '';
    this.phase = { kind: 'writing', messageId: message.id };
    const signal = this.#newSignal();
    await this.#follow(answers.join(message.conversation_id, message.id, signal), signal, () =>
      this.#load(message.conversation_id),
    );
  }

  async ask(content: string): Promise<void> {
    // One that was refused is not stored: nothing can follow it.
    this.#withdraw();
    if (this.unsent === content) this.unsent = null;
    const parentId = this.branch.at(-1)?.id ?? null;
    this.messages.push(draft({ id: LOCAL, parent_id: parentId, role: 'user', content }));
    const question: Question = this.conversationId
      ? { conversationId: this.conversationId, content, parentId }
      : { cloneId: this.cloneId, content };
    await this.#put(question, () => this.ask(content));
  }

  /** Hands out the words of a refused question, to be changed or asked once more. */
  takeBack(): string {
    const words = this.unsent ?? '';
    this.unsent = null;
    if (this.phase.kind === 'failed') {
      this.#withdraw();
      this.phase = { ...this.phase, again: null };
    }
    return words;
  }

  #leaveUnsent(): void {
    this.unsent = this.messages.find((m) => m.id === LOCAL)?.content ?? this.unsent;
  }

  #withdraw(): void {
    this.messages = this.messages.filter((m) => m.id !== LOCAL);
  }

  async regenerate(message: Message): Promise<void> {
    const question = {
      conversationId: message.conversation_id,
      regenerateOf: message.id,
    };
    await this.#put(question, () => this.regenerate(message));
  }

  async #put(question: Question, again: () => Promise<void>): Promise<void> {
    this.leave();
    this.phase = { kind: 'asking' };
    this.#kept = false;
    const signal = this.#newSignal();
    // What the server keeps must not be asked twice: then it is enough to look again.
    const onceMore = () => {
      const { conversationId } = this;
      return this.#kept && conversationId ? this.#load(conversationId) : again();
    };
    await this.#follow(answers.ask(question, signal), signal, onceMore);
  }

  #newSignal(): AbortSignal {
    this.#following = new AbortController();
    return this.#following.signal;
  }

  async #follow(
    events: AsyncGenerator<AnswerEvent>,
    signal: AbortSignal,
    again: () => Promise<void>,
  ): Promise<void> {
    try {
      for await (const event of events) {
        if (signal.aborted) return;
        this.#take(event);
      }
      if (signal.aborted) return;
    } catch (error) {
      if (!signal.aborted) {
        this.phase = { kind: 'failed', error: asApiError(error), again };
        this.#leaveUnsent();
      }
    }
    if (!signal.aborted) this.hooks.ended();
  }

  #take(event: AnswerEvent): void {
    switch (event.event) {
      case 'start':
        this.#start(event.data);
        return;
      case 'sources':
        this.#patch({ citations: event.data.citations });
        return;
      case 'delta': {
        const message = this.#current();
        if (message) message.content += event.data.text;
        return;
      }
      case 'done':
        this.#patch(event.data.message);
        this.phase = { kind: 'idle' };
        return;
      case 'error':
        this.#fail(new ApiError(event.data));
    }
  }

  #start(data: Extract<AnswerEvent, { event: 'start' }>['data']): void {
    const question = this.messages.find((m) => m.id === LOCAL);
    if (question && data.user_message_id) {
      question.id = data.user_message_id;
      question.conversation_id = data.conversation_id;
    }
    this.#kept = true;
    const known = this.messages.find((m) => m.id === data.message_id);
    if (known) {
      // Told from the beginning once more, as after a restart of the server.
      known.content = '';
    } else {
      this.messages.push(
        draft({
          id: data.message_id,
          parent_id: data.user_message_id,
          conversation_id: data.conversation_id,
          provider: data.provider,
          model: data.model,
          grounding: data.grounding,
        }),
      );
    }
    if (data.user_message_id) this.choices[data.user_message_id] = data.message_id;
    this.phase = { kind: 'writing', messageId: data.message_id };
    if (this.conversationId === null) {
      this.conversationId = data.conversation_id;
      this.hooks.begun(data.conversation_id);
    }
  }

  #fail(error: ApiError): void {
    const message = this.#current();
    this.#patch({ status: 'incomplete', error: error.code });
    const again = message ? () => this.regenerate(message) : null;
    this.phase = { kind: 'failed', error, again };
    this.#leaveUnsent();
  }

  #current(): Message | undefined {
    const { phase } = this;
    if (phase.kind !== 'writing') return undefined;
    return this.messages.find((m) => m.id === phase.messageId);
  }

  #patch(change: Partial<Message>): void {
    const message = this.#current();
    if (message) Object.assign(message, change);
  }

  async stop(): Promise<void> {
    const { phase, conversationId } = this;
    if (phase.kind === 'writing' && conversationId) {
      const asked = conversations.stopMessage(conversationId, phase.messageId).catch(() => null);
      // The end of the stream says how the message was stored; a dead line must not keep us.
      setTimeout(() => this.#giveUp(phase.messageId), STOP_PATIENCE_MS);
      await asked;
    } else if (phase.kind === 'asking') {
      await this.open(conversationId);
    }
  }

  #giveUp(messageId: string): void {
    if (this.phase.kind !== 'writing' || this.phase.messageId !== messageId) return;
    this.#patch({ status: 'stopped' });
    this.leave();
    this.phase = { kind: 'idle' };
    this.hooks.ended();
  }

  async rate(message: Message, feedback: Feedback): Promise<void> {
    const { rating, comment } = feedback;
    await conversations.rateMessage(message.conversation_id, message.id, {
      rating,
      ...(comment ? { comment } : {}),
    });
    const kept = this.messages.find((m) => m.id === message.id);
    if (kept) kept.feedback = rating === 0 ? null : { rating, comment };
  }

  siblings(message: Message): Message[] {
    return siblingsOf(this.messages, message);
  }

  show(message: Message): void {
    this.choices[message.parent_id ?? ''] = message.id;
  }
}

function draft(known: Partial<Message>): Message {
  return {
    id: '',
    conversation_id: '',
    parent_id: null,
    role: 'assistant',
    content: '',
    status: known.role === 'user' ? 'complete' : 'generating',
    grounding: null,
    provider: null,
    model: null,
    citations: [],
    unsupported: [],
    feedback: null,
    ai_generated: known.role !== 'user',
    error: null,
    finish_reason: null,
    reserved: null,
    created_at: new Date().toISOString(),
    ...known,
  };
}
