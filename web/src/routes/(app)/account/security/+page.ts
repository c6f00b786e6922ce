// What one proves oneself with, and where one is signed in.
import { security } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:security');
  return guarded(async () => {
    const [factors, signIns, activity, looks] = await Promise.all([
      security.factors(),
      security.signIns(),
      security.activity(),
      security.looks(),
    ]);
    return { factors, signIns, activity, looks };
  });
}
