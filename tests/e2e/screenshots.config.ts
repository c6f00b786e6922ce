// Pictures of every page, to be looked at; not a test that can fail on a changed pixel.
import config from './playwright.config.ts';
import { defineConfig } from '@playwright/test';

export default defineConfig({
  ...config,
  testDir: 'screens',
  timeout: 180_000,
});
