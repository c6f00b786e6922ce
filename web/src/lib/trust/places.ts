// Where a phone finds this server, and what kind of device is reading.
import type { TrustInfo } from '$lib/api';

/** Only this machine itself is meant by these. */
function isHere(host: string): boolean {
  return /^(?:.+\.)?localhost$/.test(host) || host === '[::1]' || /^127\./.test(host);
}

/** Whether a link leads nowhere on every other machine. */
export const onlyHere = (link: string): boolean => isHere(new URL(link).hostname);

/** Addresses of IPv6 stand in brackets, so that their colons are no port. */
const inAddress = (host: string) => (host.includes(':') ? `[${host}]` : host);

/**
 * Addresses of the page for other devices, the likeliest first: the one this reader came by, which
 * works at least for them, then what the server knows of itself: addresses before names, which not
 * every network knows. Plain HTTP, because nothing is trusted yet. A server that listens on its own
 * machine alone is found at none of them.
 */
export function places(info: TrustInfo, at: Pick<Location, 'hostname' | 'port'>, base: string) {
  const own = info.only_here ? [] : [...info.addresses.map(inAddress), ...info.names];
  const hosts = isHere(at.hostname) ? own : [at.hostname, ...own];
  const port = at.port ? `:${at.port}` : '';
  return [...new Set(hosts)].map((host) => `http://${host}${port}${base}/trust`);
}

/** The setting with which other machines reach the server. */
export const LISTEN_TO_ALL = 'CLONEMEMORIA_LISTEN=0.0.0.0:8787';

export type Device = 'android' | 'apple' | 'windows' | 'mac' | 'linux';

export const DEVICES: readonly Device[] = ['android', 'apple', 'windows', 'mac', 'linux'];

/** An iPad says that it is a Mac, but a Mac has no touch. */
export function deviceOf(agent: string, touches: number): Device {
  if (/android/i.test(agent)) return 'android';
  if (/iphone|ipad|ipod/i.test(agent)) return 'apple';
  if (/macintosh/i.test(agent)) return touches > 1 ? 'apple' : 'mac';
  return /windows/i.test(agent) ? 'windows' : 'linux';
}
