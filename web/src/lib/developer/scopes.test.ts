// What is shown about a key adds up, and the call that is offered fits the key.
import { describe, expect, it } from 'vitest';
import { firstCall, perDay, perOperation } from './scopes';

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
  it('lists clones when the key may read', () => {
    expect(firstCall(api, 'cm_1', ['read', 'chat'], 'c1')).toBe(
      `curl -H 'X-API-Key: cm_1' ${api}/clones`,
    );
  });
  it('asks or tells when that is all the key may', () => {
    expect(firstCall(api, 'cm_1', ['chat'], 'c1')).toContain(`${api}/clones/c1/chat`);
    expect(firstCall(api, 'cm_1', ['write'], undefined)).toContain(
      `${api}/clones/CLONE_ID/memories`,
    );
  });
});
