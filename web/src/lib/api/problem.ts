// Every failure of the API as one kind of error, so that pages can show its words and its fields.
import type { FieldProblem, Problem } from './types';

/** What a server that is asked too often says of when to come back. */
export interface Limit {
  seconds: number;
  /** Of what there was too much, where the server says it. */
  policy: string | null;
}

/** `offline` stands for a request that never got an answer. */
export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    readonly limit: Limit | null = null,
  ) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /** The server does not know the session, or no longer. */
  get signedOut(): boolean {
    return this.status === 401 && (this.code === 'unauthenticated' || this.code === 'http_401');
  }

  /** What is wrong with one field; pointers are JSON pointers into the body. */
  field(name: string): FieldProblem | undefined {
    return this.problem.errors?.find(
      (e) => e.pointer === `/${name}` || e.pointer.startsWith(`/${name}/`),
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function problemFrom(body: unknown, status: number): Problem {
  if (!isRecord(body)) {
    return {
      title: `HTTP ${status}`,
      detail: '',
      status,
      code: `http_${status}`,
    };
  }
  const text = (key: string) => (typeof body[key] === 'string' ? body[key] : undefined);
  const errors = Array.isArray(body['errors']) ? (body['errors'] as Problem['errors']) : undefined;
  return {
    title: text('title') ?? `HTTP ${status}`,
    detail: text('detail') ?? '',
    code: text('code') ?? `http_${status}`,
    status,
    request_id: text('request_id'),
    errors,
  };
}

/** What the headers of a refusal say of when to come back, if they do. */
export function limitFrom(headers: Headers, now: number = Date.now()): Limit | null {
  const rate = /^"([^"]+)"(?:.*;t=(\d+))?/.exec(headers.get('ratelimit') ?? '');
  const after = headers.get('retry-after') ?? rate?.[2];
  if (!after) return null;
  // Proxies may write a date instead.
  const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - now) / 1_000;
  return Number.isFinite(seconds) ? { seconds, policy: rate?.[1] ?? null } : null;
}

export function offline(): ApiError {
  return new ApiError({
    title: 'Offline',
    detail: '',
    status: 0,
    code: 'offline',
  });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    title: 'Error',
    detail: '',
    status: 0,
    code: 'unexpected',
  });
}
