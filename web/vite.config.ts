// One place for the bundler and the unit tests.
import { fileURLToPath } from 'node:url';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

const backend = process.env['CLONEMEMORIA_DEV_SERVER'] ?? 'http://127.0.0.1:8787';

/** Its build for browsers has innerHTML decode `&amp;`, which the content security policy refuses. */
const decoder = 'decode-named-character-reference';
const alias = {
  [decoder]: fileURLToPath(new URL(`./node_modules/${decoder}/index.js`, import.meta.url)),
};

export default defineConfig({
  plugins: [sveltekit()],
  server: { proxy: { '/api': { target: backend }, '/healthz': { target: backend } } },
  // Svelte's server build, where onMount does nothing, is chosen without the browser condition;
  // any list given here replaces the usual one, so outside the tests there is none.
  resolve: {
    alias,
    ...(process.env['VITEST'] ? { conditions: ['browser', 'module', 'import', 'default'] } : {}),
  },
  build: { assetsInlineLimit: 0, target: 'es2022' },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
});
