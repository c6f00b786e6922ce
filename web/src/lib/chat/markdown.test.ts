// Whatever a model writes, the page shows words: no markup of its own, no script, no picture.
import { render } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import Blocks from './Blocks.svelte';
import { readMarkdown, safeHref } from './markdown';

function shown(text: string, sources: number[] = []): HTMLElement {
  return render(Blocks, {
    blocks: readMarkdown(text, sources),
    onsource: () => undefined,
  }).container;
}

describe('rendering', () => {
  it.each([
    '<script>alert(1)</script>',
    'a <img src=x onerror=alert(1)> b',
    '<iframe src="https://example.org"></iframe>',
    '<style>*{display:none}</style>',
    '![pixel](https://example.org/p.png)',
    '[x](javascript:alert(1))',
    '[x](  java\nscript:alert(1))',
    '[x](data:text/html,hi)',
    '[x](vbscript:x)',
    '<javascript:alert(1)>',
    '[r]\n\n[r]: javascript:alert(1)',
  ])('makes nothing dangerous of %s', (text) => {
    const html = shown(text);
    expect(html.querySelector('script,img,iframe,style,object,embed,form,input')).toBeNull();
    for (const element of html.querySelectorAll('*')) {
      for (const name of element.getAttributeNames()) expect(name).not.toMatch(/^on|^src|^style/);
    }
    for (const a of html.querySelectorAll('a'))
      expect(a.getAttribute('href')).toMatch(/^https?:|^mailto:/);
  });

  it('keeps the words of raw HTML readable', () => {
    expect(shown('<b>bold</b> words').textContent).toContain('<b>bold</b> words');
  });

  it('gives outside links a short leash', () => {
    const a = shown('see https://example.org and [mail](mailto:a@b.c)').querySelectorAll('a');
    expect([...a].map((x) => x.getAttribute('href'))).toEqual([
      'https://example.org',
      'mailto:a@b.c',
    ]);
    expect(a[0]?.getAttribute('rel')).toContain('noopener noreferrer nofollow');
  });

  it('turns numbers into sources only when they are sources', () => {
    const html = shown('In Lyon [1], with Rosa [2][1]. Page [7].', [1, 2]);
    expect([...html.querySelectorAll('button.source')].map((b) => b.textContent)).toEqual([
      '1',
      '2',
      '1',
    ]);
    expect(html.textContent).toContain('Page [7]');
  });

  it('shows lists, tables, quotations and code', () => {
    const html = shown('- a\n- b\n\n> q\n\n`c`\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n3. three');
    expect(html.querySelectorAll('li')).toHaveLength(3);
    expect(html.querySelectorAll('td')).toHaveLength(2);
    expect(html.querySelector('blockquote')?.textContent).toContain('q');
    expect(html.querySelector('ol')?.getAttribute('start')).toBe('3');
  });

  it('stands every half-finished text', () => {
    const text =
      '**Bold [1] and `code`\n\n```js\nlet x\n```\n\n| a | b |\n|---|---|\n| 1 | [l](http://x.y) |\n- [ ] t';
    for (let i = 0; i <= text.length; i++) {
      expect(() => readMarkdown(text.slice(0, i), [1])).not.toThrow();
    }
  });
});

describe('safeHref', () => {
  it('sees through what browsers skip', () => {
    expect(safeHref('\u0001javascript:alert(1)')).toBeNull();
    expect(safeHref('JAVASCRIPT:alert(1)')).toBeNull();
    expect(safeHref('/relative')).toBeNull();
    expect(safeHref('HTTPS://example.org')).toBe('HTTPS://example.org');
  });
});
