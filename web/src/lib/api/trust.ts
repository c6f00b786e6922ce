// How this server proves that it is itself. Beside the API, because it must be readable before
// anything is trusted.
import { base } from '$app/paths';
import { failure } from './client';
import { offline } from './problem';
import type { TrustInfo } from './types';

export const TRUST_BASE = `${base}/trust`;

export async function info(): Promise<TrustInfo> {
  let response;
  try {
    response = await fetch(`${TRUST_BASE}/info`);
  } catch {
    throw offline();
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw failure(body, response);
  return body as TrustInfo;
}
