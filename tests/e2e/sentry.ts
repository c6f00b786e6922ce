// Stands beside every page and notes whatever hostile text manages to do.
import type { BrowserContext, Page } from '@playwright/test';
import { CANARY, LEAK } from './corpus.ts';

export interface Sentry {
  /** Payloads whose script ran. */
  ran: string[];
  /** Requests to elsewhere, dialogs, windows and pages that nobody asked for. */
  left: string[];
  /** Markup that was made of text, in whichever half-finished state of the page. */
  made: string[];
  /** All of it. */
  seen(): string[];
}

/** Looks at every element and attribute at the moment it comes to be, and counts the moments. */
function look({ report, leak }: { report: string; leak: string }): void {
  const banned = new Set(
    (
      'iframe frame frameset object embed applet base portal math foreignobject animate ' +
      'animatetransform animatemotion set use image feimage style template audio video source ' +
      'track picture img marquee bgsound isindex map area xmp plaintext noembed fencedframe'
    ).split(' '),
  );
  const addresses = new Set(
    'src srcset href xlink:href action formaction data poster background ping manifest srcdoc'.split(
      ' ',
    ),
  );
  const leash = ['noopener', 'noreferrer', 'nofollow'];
  const tell = (words: string) =>
    (window as unknown as Record<string, (words: string) => void>)[report]?.(words);

  const address = (element: Element, name: string, value: string): string | null => {
    const url = new URL(value, location.href);
    const own = url.origin === location.origin;
    if (element.localName !== 'a') return own ? null : 'loads from elsewhere';
    if (own) return null;
    if (!/^(?:https?|mailto):$/.test(url.protocol)) return 'leads to a scheme';
    const rel = element.getAttribute('rel') ?? '';
    return leash.every((word) => rel.split(' ').includes(word)) && name === 'href'
      ? null
      : 'leads away without a leash';
  };

  const wrong = (element: Element): string | null => {
    const name = element.localName.toLowerCase();
    if (banned.has(name)) return 'is banned';
    if (name === 'script') {
      const source = element.getAttribute('src');
      // One that is still being read is looked at again when its words are there.
      const text = element.textContent ?? '';
      const boot = source === null && (text === '' || text.includes('__sveltekit_'));
      return boot || (source && address(element, 'src', source) === null) ? null : 'is a script';
    }
    if (name === 'meta' && element.hasAttribute('http-equiv')) return 'is an order';
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) return `handles ${name}`;
      if (name === 'style' && value.includes('url(')) return 'has a style';
      if (name === 'srcdoc' || name === 'srcset') return `has ${name}`;
      const bad = addresses.has(name) ? address(element, name, value) : null;
      if (bad) return bad;
    }
    return null;
  };

  const check = (node: Node): void => {
    if (!(node instanceof Element)) return;
    const bad = wrong(node);
    // The extension of a shadow root would be out of sight.
    if (bad ?? node.shadowRoot) tell(`${bad ?? 'has a shadow'}: ${node.outerHTML.slice(0, 200)}`);
    node.childNodes.forEach(check);
  };
  const counted = window as unknown as { sentryStates: number };
  counted.sentryStates = 0;
  new MutationObserver((records) => {
    counted.sentryStates += 1;
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes' || target.nodeName === 'SCRIPT') check(target);
      else addedNodes.forEach(check);
    }
  }).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    characterData: true,
  });
  addEventListener('click', (event) => {
    // A test never follows a link of a payload.
    const to = event.target instanceof Element ? event.target.closest('a')?.href : undefined;
    if (to?.includes(leak)) tell(`clicked: ${to}`);
  });
}

export async function post(context: BrowserContext, origin: string): Promise<Sentry> {
  const sentry: Sentry = {
    ran: [],
    left: [],
    made: [],
    seen: () => [...sentry.ran, ...sentry.left, ...sentry.made],
  };
  await context.exposeFunction(CANARY, (n: number) => sentry.ran.push(`ran: payload ${n}`));
  await context.exposeFunction('sentryReport', (words: string) => sentry.made.push(words));
  await context.addInitScript(look, { report: 'sentryReport', leak: LEAK });
  const own = (url: string) => url === 'about:blank' || new URL(url).origin === origin;
  context.on('request', (request) => {
    if (!own(request.url())) sentry.left.push(`asked: ${request.url()}`);
  });
  const watch = (page: Page) => {
    page.on('dialog', (dialog) => {
      sentry.left.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('framenavigated', (frame) => {
      if (frame.parentFrame() || !own(frame.url())) sentry.left.push(`went: ${frame.url()}`);
    });
    page.on('popup', (popup) => sentry.left.push(`opened: ${popup.url()}`));
    page.on('download', (file) => sentry.left.push(`downloaded: ${file.url()}`));
  };
  context.pages().forEach(watch);
  context.on('page', watch);
  return sentry;
}
