// At which sizes and in which colours pictures are taken.
import type { Page } from '@playwright/test';

const SIZES = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'desktop', width: 1280, height: 800 },
] as const;

const COLOURS = ['light', 'dark'] as const;

export async function picture(page: Page, name: string, whole = false): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of COLOURS) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const path = `screenshots/${name}-${size.name}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: whole, caret: 'initial' });
    }
  }
}
