// The secret part of a link, out of what somebody typed or pasted: the whole link, or only that.

export function tokenFromText(text: string): string {
  const found = /[?&]token=([^&#\s]+)/.exec(text)?.[1];
  return found ?? text.trim();
}
