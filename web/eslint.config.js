// The rules that keep promises handled, calls to the network in one folder, and markup safe.
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const onlyApiFetches = {
  'no-restricted-globals': [
    'error',
    { name: 'fetch', message: 'Only src/lib/api talks to the server.' },
    { name: 'EventSource', message: 'Only src/lib/api talks to the server.' },
    { name: 'XMLHttpRequest', message: 'Only src/lib/api talks to the server.' },
  ],
};

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'node_modules/', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'svelte.config.js'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      ...onlyApiFetches,
      'no-undef': 'off',
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': [
        'error',
        { allow: [{ from: 'package', package: '@sveltejs/kit', name: ['Redirect', 'HttpError'] }] },
      ],
      'svelte/no-at-html-tags': 'error',
      // Links with a query are resolved and then appended to, which the rule cannot see.
      'svelte/no-navigation-without-resolve': 'off',
      'svelte/no-inline-styles': ['error', { allowTransitions: false }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    // Markup is not typed for ESLint; svelte-check types it.
    files: ['**/*.svelte'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  // A catalogue is a table: it is as long as there are words.
  { files: ['src/lib/i18n/en.ts', 'src/lib/i18n/fr.ts'], rules: { 'max-lines': 'off' } },
  {
    // Dates and caches in there are used within one call and shown to nobody.
    files: ['src/lib/i18n/index.svelte.ts'],
    rules: { 'svelte/prefer-svelte-reactivity': 'off' },
  },
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked] },
  { files: ['src/lib/api/**'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
);
