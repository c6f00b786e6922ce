// Which of the memories an answer was given are its sources, and which were only looked at.
import type { Citation, Message } from '$lib/api';
import type { Block, Inline } from './markdown';

function inInlines(nodes: Inline[]): number[] {
  return nodes.flatMap((node) => {
    if (node.type === 'source') return [node.n];
    return 'children' in node ? inInlines(node.children) : [];
  });
}

/** The source numbers that a text names, in the order in which it does. */
export function numbersIn(blocks: Block[]): number[] {
  return blocks.flatMap((block) => {
    switch (block.type) {
      case 'paragraph':
      case 'heading':
        return inInlines(block.children);
      case 'quote':
        return numbersIn(block.children);
      case 'list':
        return block.items.flatMap((item) => numbersIn(item.children));
      case 'table':
        return [...block.head, ...block.rows.flat()].flatMap(inInlines);
      default:
        return [];
    }
  });
}

const MARKS = /\s*\[\d{1,3}\]/g;

/** The sentences of an answer that claim something and cite nothing, as the server found them. */
export function unsupportedIn(message: Pick<Message, 'content' | 'unsupported'>): string[] {
  const points = Array.from(message.content);
  return message.unsupported
    .map(([start, end]) => points.slice(start, end).join('').replace(MARKS, '').trim())
    .filter((sentence) => sentence !== '');
}

export interface SplitSources {
  named: Citation[];
  lookedAt: Citation[];
}

/** While an answer is written the server does not know yet what it will name; its text does. */
export function splitSources(message: Pick<Message, 'citations'>, blocks: Block[]): SplitSources {
  const numbers = new Set(numbersIn(blocks));
  const isNamed = (citation: Citation) => citation.cited || numbers.has(citation.n);
  return {
    named: message.citations.filter(isNamed),
    lookedAt: message.citations.filter((citation) => !isNamed(citation)),
  };
}
