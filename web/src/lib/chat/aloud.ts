// An answer as who listens hears it: the words alone, no marks, no numbers of sources.
import { readMarkdown, type Block, type Inline } from './markdown';

const sayInline = (inline: Inline): string => {
  switch (inline.type) {
    case 'text':
    case 'code':
      return inline.text;
    case 'break':
      return ' ';
    // Numbers of sources are read from the sources themselves.
    case 'source':
      return '';
    default:
      return sayInlines(inline.children);
  }
};

const sayInlines = (inlines: readonly Inline[]): string => inlines.map(sayInline).join('');

const sayBlock = (block: Block): string => {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return sayInlines(block.children);
    case 'quote':
      return [sayBlocks(block.children), sayInlines(block.source ?? [])].join(' ');
    case 'code':
      return block.text;
    case 'list':
      return block.items.map((item) => sayBlocks(item.children)).join('\n');
    case 'table':
      return [block.head, ...block.rows].map((row) => row.map(sayInlines).join(', ')).join('\n');
    case 'rule':
      return '';
  }
};

const sayBlocks = (blocks: readonly Block[]): string => blocks.map(sayBlock).join('\n');

export function aloud(text: string, sources: Iterable<number> = []): string {
  return sayBlocks(readMarkdown(text, sources))
    .replace(/[ \t]+/g, ' ')
    .replace(/ (?=[.,])/g, '')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
}
