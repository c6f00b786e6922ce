// As much of the provider's shape as the tests touch; it brings no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Person {
    accountId: string;
    claims: () => Record<string, unknown>;
  }

  export default class Provider {
    constructor(
      issuer: string,
      settings: {
        clients: Record<string, unknown>[];
        claims: Record<string, string[]>;
        findAccount: (context: unknown, id: string) => Person;
        [more: string]: unknown;
      },
    );
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
  }
}
