// Builds one static single-page app: the server embeds it and has no JavaScript of its own to run.
import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const dev = process.argv.includes('dev') || process.env.VITEST !== undefined;

/**
 * The kit's own root hides its announcer with an inline style, which the content security policy
 * refuses; app.css hides it instead.
 * @type {import('svelte/compiler').PreprocessorGroup}
 */
const withoutInlineStyle = {
  name: 'announcer-without-inline-style',
  markup({ content, filename }) {
    if (!filename?.endsWith('/generated/root.svelte')) return undefined;
    const code = content.replace(/(<div id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1');
    if (code === content) throw new Error('the announcer of the kit looks different now');
    return { code };
  },
};

/** @type {import('@sveltejs/kit').Config} */
const config = {
  preprocess: [vitePreprocess(), withoutInlineStyle],
  kit: {
    adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html', strict: true }),
    // The server replaces this text by the path it is mounted under, so one build serves every path.
    paths: { base: dev ? '' : '/__base_path__', relative: false },
    // An inlined style sheet would need a hash in the content security policy.
    inlineStyleThreshold: 0,
    version: { pollInterval: 0 },
  },
};

export default config;
