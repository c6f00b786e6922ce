// What this browser keeps of share links: the token that opens each, and the secret beside it that
// tells this visitor from all others. Kept until somebody says to forget it.

const KEY = 'clonememoria.share';
const CURRENT = 'clonememoria.share.current';
const TOKEN = /^cms_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9a-f]{8}$/;

/** A token for each link that was opened here, with the visitor's own secret. */
export type Kept = Record<string, string>;

/** The token in a fragment, or in what somebody pasted; empty if there is none. */
export function tokenIn(text: string): string {
  const found = text.trim().split('#').at(-1) ?? '';
  return TOKEN.test(found) ? found : '';
}

/** 256 random bits in base64url. */
export function secret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function read(): Kept {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Kept;
  } catch {
    return {};
  }
}

function write(kept: Kept, current: string | null): void {
  try {
    if (Object.keys(kept).length > 0) localStorage.setItem(KEY, JSON.stringify(kept));
    else localStorage.removeItem(KEY);
    if (current) sessionStorage.setItem(CURRENT, current);
    else sessionStorage.removeItem(CURRENT);
  } catch {
    // Private windows may refuse storage; the visit then lasts as long as the page.
  }
}

/** What to bring for the link that was opened, or for the one this tab has open; null if none. */
export function proofFor(opened: string): string | null {
  const kept = read();
  let token = opened;
  try {
    token ||= sessionStorage.getItem(CURRENT) ?? '';
  } catch {
    // As above.
  }
  const known = Object.keys(kept);
  if (!token && known.length === 1) token = known[0] ?? '';
  if (!token) return null;
  const own = kept[token] ?? secret();
  write({ ...kept, [token]: own }, token);
  return `${token}.${own}`;
}

/** Forgets a link, and with it who this visitor was. */
export function forget(proof: string): void {
  const [token = ''] = proof.split('.');
  const others = Object.entries(read()).filter(([known]) => known !== token);
  write(Object.fromEntries(others), null);
}
