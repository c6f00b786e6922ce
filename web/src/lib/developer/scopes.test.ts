// What is shown about a key adds up, and the call that is offered fits the key.
import { describe, expect, it } from 'vitest';
import type { KeyScope } from '$lib/api';
import { firstCall, perDay, perOperation, trialOf } from './scopes';

const USED = [
  { day: '2026-03-01', endpoint: 'list_clones', requests: 3 },
  { day: '2026-03-01', endpoint: 'chat', requests: 9 },
  { day: '2026-03-02', endpoint: 'list_clones', requests: 4 },
];

describe('usage', () => {
  it('is summed by day, the latest first', () => {
    expect(perDay(USED)).toEqual([
      { what: '2026-03-02', requests: 4 },
      { what: '2026-03-01', requests: 12 },
    ]);
  });
  it('is summed by operation, the most used first', () => {
    expect(perOperation(USED)).toEqual([
      { what: 'chat', requests: 9 },
      { what: 'list_clones', requests: 7 },
    ]);
    expect(perOperation([])).toEqual([]);
  });
});

describe('firstCall', () => {
  const api = 'https://home.example/memoria/api/v1';
  const call = (scopes: KeyScope[], clone?: string) =>
    firstCall(api, 'cm_1', trialOf(scopes), clone, "C'est l'été");
  it('lists clones when the key may read', () => {
    expect(call(['read', 'chat'], 'c1')).toBe(`curl -H 'X-API-Key: cm_1' ${api}/clones`);
  });
  it('names the authority where the server vouches for itself', () => {
    const own = firstCall(api, 'cm_1', 'read', 'c1', '', 'clonememoria-ca.pem');
    expect(own).toBe(`curl --cacert clonememoria-ca.pem -H 'X-API-Key: cm_1' ${api}/clones`);
  });
  it('asks or tells when that is all the key may', () => {
    expect(call(['write', 'chat'], 'c1')).toContain(`${api}/clones/c1/chat`);
    expect(call(['write'])).toContain(`${api}/clones/CLONE_ID/memories`);
  });
  it('is one word for the shell, whatever is said', () => {
    expect(call(['write'], 'c1')).toContain(`-d '{"content":"C’est l’été"}'`);
  });
});
