// Model output as a small tree that can only say what we allow: no raw HTML, no foreign pictures.
import type { Nodes, PhrasingContent, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'break' }
  | { type: 'emphasis' | 'strong' | 'delete'; children: Inline[] }
  | { type: 'link'; href: string; children: Inline[] }
  | { type: 'source'; n: number };

export interface ListItem {
  checked: boolean | null;
  children: Block[];
}

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'heading'; depth: number; children: Inline[] }
  | { type: 'quote'; children: Block[]; source: Inline[] | null }
  | { type: 'code'; text: string }
  | { type: 'list'; ordered: boolean; start: number; items: ListItem[] }
  | { type: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { type: 'rule' };

const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;

export function safeHref(url: string): string | null {
  // Browsers drop control characters and spaces before they look at the scheme.
  // eslint-disable-next-line no-control-regex -- they are what has to go
  const bare = url.replace(/[\u0000-\u0020]/g, '');
  return SAFE_LINK.test(bare) ? bare : null;
}

/** Splits "…in Lyon [1]" at the numbers that really are sources of this answer. */
function withSources(text: string, numbers: ReadonlySet<number>): Inline[] {
  const parts: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(/\[(\d{1,3})\]/g)) {
    const n = Number(match[1]);
    if (!numbers.has(n)) continue;
    if (match.index > at) parts.push({ type: 'text', text: text.slice(at, match.index) });
    parts.push({ type: 'source', n });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ type: 'text', text: text.slice(at) });
  return parts;
}

const SOURCE_DASH = /^[—–]\s+/;

/** A last line that begins with a dash says where a quotation comes from. */
function quote(children: Block[]): Block {
  const last = children.at(-1);
  const words = last?.type === 'paragraph' ? last.children[0] : undefined;
  if (last?.type !== 'paragraph' || words?.type !== 'text' || !SOURCE_DASH.test(words.text)) {
    return { type: 'quote', children, source: null };
  }
  if (children.length === 1) return { type: 'quote', children, source: null };
  const text = words.text.replace(SOURCE_DASH, '');
  const source: Inline[] = [{ type: 'text', text }, ...last.children.slice(1)];
  return { type: 'quote', children: children.slice(0, -1), source };
}

class Reader {
  constructor(readonly numbers: ReadonlySet<number>) {}

  blocks(nodes: readonly RootContent[]): Block[] {
    return nodes.flatMap((node) => this.block(node));
  }

  block(node: RootContent): Block[] {
    switch (node.type) {
      case 'paragraph':
        return [{ type: 'paragraph', children: this.inlines(node.children) }];
      case 'heading':
        return [
          {
            type: 'heading',
            depth: node.depth,
            children: this.inlines(node.children),
          },
        ];
      case 'blockquote':
        return [quote(this.blocks(node.children))];
      case 'code':
        return [{ type: 'code', text: node.value }];
      case 'thematicBreak':
        return [{ type: 'rule' }];
      case 'html':
        return [{ type: 'paragraph', children: [{ type: 'text', text: node.value }] }];
      case 'list':
        return [this.list(node)];
      case 'table': {
        const [head, ...rows] = node.children.map((row) =>
          row.children.map((cell) => this.inlines(cell.children)),
        );
        return [{ type: 'table', head: head ?? [], rows }];
      }
      case 'footnoteDefinition':
        return this.blocks(node.children);
      default:
        return [];
    }
  }

  list(node: Extract<Nodes, { type: 'list' }>): Block {
    const items = node.children.map((item) => ({
      checked: item.checked ?? null,
      children: this.blocks(item.children),
    }));
    return {
      type: 'list',
      ordered: node.ordered === true,
      start: node.start ?? 1,
      items,
    };
  }

  inlines(nodes: readonly PhrasingContent[]): Inline[] {
    return nodes.flatMap((node) => this.inline(node));
  }

  inline(node: PhrasingContent): Inline[] {
    switch (node.type) {
      case 'text':
        return withSources(node.value, this.numbers);
      case 'emphasis':
      case 'strong':
      case 'delete':
        return [{ type: node.type, children: this.inlines(node.children) }];
      case 'inlineCode':
        return [{ type: 'code', text: node.value }];
      case 'break':
        return [{ type: 'break' }];
      case 'html':
        return [{ type: 'text', text: node.value }];
      case 'image':
      case 'imageReference':
        return node.alt ? [{ type: 'text', text: node.alt }] : [];
      case 'link': {
        const href = safeHref(node.url);
        const children = this.inlines(node.children);
        return href ? [{ type: 'link', href, children }] : children;
      }
      case 'linkReference': {
        // "[1]" beside a definition the model made up is still our source number.
        const children = this.inlines(node.children);
        const n = Number(node.label);
        return this.numbers.has(n) ? [{ type: 'source', n }] : children;
      }
      case 'footnoteReference': {
        const n = Number(node.label);
        return this.numbers.has(n) ? [{ type: 'source', n }] : [];
      }
      default:
        return [];
    }
  }
}

export function readMarkdown(text: string, sources: Iterable<number> = []): Block[] {
  const tree = fromMarkdown(text, {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  });
  return new Reader(new Set(sources)).blocks(tree.children);
}
