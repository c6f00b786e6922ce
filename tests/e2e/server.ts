// Starts the real binary on an empty data directory and stops it again.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BINARY = process.env['CLONEMEMORIA_BIN'] ?? '../../target/debug/clonememoria';
const READY_MS = 60_000;

export interface Appliance {
  origin: string;
  /** The link of the first run, with its token. */
  welcome: string;
  /** Lets time pass for it without waiting. */
  advance(seconds: number): Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on its data, under the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Asks what only the operator of the machine can ask. */
  operate(operation: Record<string, unknown>): Promise<void>;
}

interface Options {
  environment?: Record<string, string>;
  /** More settings, each as `section.key=value`. */
  settings?: string[];
  /** Where it listens instead of on this machine alone: 0.0.0.0 is everywhere. */
  listen?: string;
}

function cleanEnvironment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('CLONEMEMORIA_') && name !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/**
 * Reads what it prints until it says where it listens; a first run prints a token as well. Pages
 * are opened at localhost, as the link has it: browsers keep no passkeys for addresses.
 */
function announced(
  child: ChildProcess,
  first: boolean,
): Promise<{ origin: string; welcome: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`not ready:\n${text}`)), READY_MS);
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      const origin = /listening on (https?:\/\/\S+)/.exec(text)?.[1];
      const welcome = /https?:\/\/\S+\/welcome\?token=[\w.~-]+/.exec(text)?.[0];
      if (!origin || (first && !welcome)) return;
      clearTimeout(timer);
      resolve({
        origin: origin
          .replace(/\/$/, '')
          .replace(/^https?:\/\/(?:127\.0\.0\.1|localhost)/, 'http://localhost'),
        welcome: welcome ?? '',
      });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`exit ${String(code)}:\n${text}`)));
  });
}

async function healthy(origin: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const ok = await fetch(`${origin}/healthz`).then(
      (r) => r.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > until) throw new Error(`${origin}/healthz did not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.on('exit', () => resolve()));
}

/** Has an operation carried out over the socket that only the operator can open. */
function operate(socketPath: string, operation: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request({ socketPath, path: '/control', method: 'POST', headers }, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`control: ${String(answer.statusCode)}`));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(operation));
  });
}

export async function startAppliance(options: Options = {}): Promise<Appliance> {
  const parent = await mkdtemp(path.join(tmpdir(), 'clonememoria-e2e-'));
  const settings = (options.settings ?? []).flatMap((setting) => ['--set', setting]);
  let child: ChildProcess;

  async function start(listen: string): Promise<{ origin: string; welcome: string }> {
    child = spawn(
      path.resolve(BINARY),
      ['serve', '--data-dir', path.join(parent, 'data'), '--listen', listen, ...settings],
      {
        env: cleanEnvironment(options.environment ?? {}),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    try {
      const said = await announced(child, listen.endsWith(':0'));
      await healthy(said.origin);
      return said;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await ended(child);
  }

  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended(child);
    clearTimeout(forced);
    await rm(parent, { recursive: true, force: true });
  }

  const socket = path.join(parent, 'data', 'control.sock');
  const { origin, welcome } = await start(`${options.listen ?? '127.0.0.1'}:0`);
  return {
    origin,
    welcome,
    advance: (seconds) => operate(socket, { do: 'advance_clock', seconds }),
    kill,
    restart: async () => void (await start(new URL(origin).host.replace('localhost', '127.0.0.1'))),
    stop,
    operate: (operation) => operate(socket, operation),
  };
}
