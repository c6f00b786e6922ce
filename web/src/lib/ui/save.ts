// Gives the browser a file to keep.

export function saveFile(content: Blob | string, name: string): void {
  const file = typeof content === 'string' ? new Blob([content], { type: 'text/plain' }) : content;
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser begins to read it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 1_000);
}
