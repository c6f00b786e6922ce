// A hint, not a gate: the server decides what it takes.

export const MIN_PASSWORD = 12;
export const MAX_PASSWORD = 128;

export type Strength = 'none' | 'short' | 'fair' | 'strong' | 'long';

export function strengthOf(password: string, min: number): Strength {
  const points = Array.from(password);
  if (points.length === 0) return 'none';
  if (points.length < min) return 'short';
  if (points.length > MAX_PASSWORD) return 'long';
  const different = new Set(points).size;
  return points.length >= min + 4 && different >= 9 ? 'strong' : 'fair';
}
