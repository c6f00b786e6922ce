// Photographs and recordings of memories: added, seen, heard, described, thrown away, brought back.
import type { Page } from '@playwright/test';
import { audit, enter, expect, fits, seed, test } from '../fixtures.ts';

const PHONE = { width: 390, height: 844 };
const SHOTS = process.env['SHOTS'];

async function look(page: Page, name: string): Promise<void> {
  await audit(page, name);
  const desk = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const size of [desk, PHONE]) {
    await page.setViewportSize(size);
    await fits(page, `${name} at ${size.width}`);
    for (const colorScheme of SHOTS ? (['light', 'dark'] as const) : []) {
      await page.emulateMedia({ colorScheme });
      const path = `${SHOTS}/${name.replaceAll(' ', '-')}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(desk);
}

/** A photograph of a sunset, more or less. */
async function photograph(page: Page): Promise<Buffer> {
  const data = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [480, 640];
    const pen = canvas.getContext('2d')!;
    const sky = pen.createLinearGradient(0, 0, 0, 640);
    sky.addColorStop(0, '#264b7a');
    sky.addColorStop(0.6, '#f0a860');
    sky.addColorStop(1, '#3a2a20');
    pen.fillStyle = sky;
    pen.fillRect(0, 0, 480, 640);
    pen.fillStyle = '#fff3c0';
    pen.beginPath();
    pen.arc(240, 360, 60, 0, 7);
    pen.fill();
    return canvas.toDataURL('image/jpeg', 0.9);
  });
  return Buffer.from(data.split(',')[1]!, 'base64');
}

/** A second of a tone. */
function recording(): Buffer {
  const samples = 8000;
  const wav = Buffer.alloc(44 + samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(samples, 24);
  wav.writeUInt32LE(samples, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples, 40);
  for (let at = 0; at < samples; at++) wav[44 + at] = 128 + 80 * Math.sin(at / 3);
  return wav;
}

/** Whether the browser has drawn a picture. */
const isDrawn = (page: Page, name: string) =>
  page
    .getByRole('img', { name })
    .evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0);

test.beforeEach(async ({ page, appliance }) => {
  await enter(page, appliance);
});

test('a photograph is added to a memory, seen, described, thrown away and brought back', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Clara');
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  const story = page.getByRole('article').filter({ hasText: 'Lyon' }).first();
  const photo = { name: 'Sunset.jpg', mimeType: 'image/jpeg', buffer: await photograph(page) };
  await story.getByLabel('Add photos or recordings').setInputFiles(photo);
  await expect(story.getByRole('img', { name: 'Sunset.jpg' })).toBeVisible();
  await expect.poll(() => isDrawn(page, 'Sunset.jpg')).toBe(true);

  const sound = { name: 'Her voice.wav', mimeType: 'audio/wav', buffer: recording() };
  const letter = { name: 'Letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear Clara,') };
  await story.getByLabel('Add photos or recordings').setInputFiles([sound, letter]);
  await expect(story.getByLabel('Her voice.wav', { exact: true })).toBeVisible();
  await expect(story.getByRole('link', { name: 'Letter.txt' })).toBeVisible();

  await story.getByRole('button', { name: 'Describe Sunset.jpg' }).click();
  await story.getByLabel('What is to be seen or heard').fill('The evening we met');
  await story.getByRole('button', { name: 'Save' }).click();
  await expect(story.getByRole('img', { name: 'The evening we met' })).toBeVisible();
  await look(page, 'files of a memory');

  await story.getByRole('button', { name: 'Remove The evening we met' }).click();
  await expect(story.getByRole('img')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(story.getByRole('img', { name: 'The evening we met' })).toBeVisible();
  await page.reload();
  await expect(story.getByRole('img', { name: 'The evening we met' })).toBeVisible();
  await expect.poll(() => isDrawn(page, 'The evening we met')).toBe(true);
  const length = story.locator('audio').evaluate((audio: HTMLAudioElement) => {
    audio.preload = 'metadata';
    audio.load();
    return new Promise<number>((done) => (audio.onloadedmetadata = () => done(audio.duration)));
  });
  expect(Math.round(await length)).toBe(1);
});

test('a memory is told with its photographs, and what is no photograph is refused', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Dora');
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  const photo = { name: 'Boat.jpg', mimeType: 'image/jpeg', buffer: await photograph(page) };
  const form = page.getByRole('region', { name: 'Add memories' });
  await form.getByLabel('What do you remember of Dora?').fill('The red boat on the lake.');
  await form.getByLabel('Add photos or recordings').setInputFiles([photo]);
  await expect(form.getByText('Boat.jpg')).toBeVisible();
  await form.getByRole('button', { name: 'Keep this memory' }).click();
  const story = page.getByRole('article').filter({ hasText: 'The red boat' });
  await expect(story.getByRole('img', { name: 'Boat.jpg' })).toBeVisible();
  const drawing = { name: 'a.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') };
  await story.getByLabel('Add photos or recordings').setInputFiles([drawing]);
  await expect(story.getByText('Only photos (JPEG')).toBeVisible();
  await look(page, 'a file that is refused');
});
