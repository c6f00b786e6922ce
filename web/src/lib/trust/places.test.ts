// A phone is sent to where it finds the server, and shown its own steps.
import { describe, expect, it } from 'vitest';
import type { TrustInfo } from '$lib/api';
import { deviceOf, onlyHere, places } from './places';

const info: TrustInfo = {
  tls: 'local',
  names: ['memoria.local', 'memoria'],
  only_here: false,
  addresses: ['192.168.1.7', 'fd00::2'],
  authority: null,
};

describe('places', () => {
  it('never sends a phone to itself', () => {
    for (const hostname of ['localhost', '127.0.0.1', '[::1]']) {
      expect(places(info, { hostname, port: '8787' }, '')).toEqual([
        'http://192.168.1.7:8787/trust',
        'http://[fd00::2]:8787/trust',
        'http://memoria.local:8787/trust',
        'http://memoria:8787/trust',
      ]);
    }
  });

  it('names no address where nobody listens, but the one the reader came by', () => {
    const here = { ...info, only_here: true };
    expect(places(here, { hostname: 'localhost', port: '8787' }, '')).toEqual([]);
    const proxied = places(here, { hostname: 'memoria.example', port: '' }, '');
    expect(proxied).toEqual(['http://memoria.example/trust']);
  });

  it('begins with the address the reader came by, under its path', () => {
    const all = places(info, { hostname: '192.168.1.7', port: '' }, '/memoria');
    expect(all[0]).toBe('http://192.168.1.7/memoria/trust');
    expect(all).toHaveLength(4);
  });
});

describe('onlyHere', () => {
  it.each([
    ['http://localhost:8787/share#cms_x', true],
    ['http://127.0.0.1:8787/invitation?token=x', true],
    ['http://[::1]:8787/share#cms_x', true],
    ['http://192.168.1.7:8787/share#cms_x', false],
    ['https://memoria.local/share#cms_x', false],
    ['https://localhost.example.org/share#cms_x', false],
  ])('%s', (link, here) => expect(onlyHere(link)).toBe(here));
});

describe('deviceOf', () => {
  it.each([
    ['Mozilla/5.0 (Linux; Android 14; Pixel 8)', 5, 'android'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)', 5, 'apple'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 5, 'apple'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 0, 'mac'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 0, 'windows'],
    ['Mozilla/5.0 (X11; Linux x86_64)', 0, 'linux'],
  ])('%s', (agent, touches, device) => expect(deviceOf(agent, touches)).toBe(device));
});
