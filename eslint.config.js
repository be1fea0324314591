import convex from '@convex-dev/eslint-plugin';
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { outbound } from './eslint/outbound.js';
import { downwards } from './eslint/rooms.js';
import svelteConfig from './svelte.config.js';

export default ts.config(
	{
		ignores: [
			'build/',
			'.svelte-kit/',
			'.plumbline/',
			'backups/',
			'src/convex/_generated/',
			'src/embedded/corpus/convex/_generated/',
			'test-results/',
			'test-reports/',
			'playwright-report/'
		]
	},
	js.configs.recommended,
	...ts.configs.recommended,
	...svelte.configs.recommended,
	{
		languageOptions: { globals: { ...globals.browser, ...globals.node } },
		plugins: { house: { rules: { downwards } } },
		rules: {
			'no-undef': 'off',
			'house/downwards': 'error',
			'@typescript-eslint/no-explicit-any': 'error',
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
			'svelte/no-at-html-tags': 'error',
			// The policy of the pages lets no inline style pass: classes, SVG attributes, or ui/placed.ts.
			'svelte/no-inline-styles': 'error'
		}
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: {
			parserOptions: { projectService: true, extraFileExtensions: ['.svelte'], parser: ts.parser, svelteConfig }
		}
	},
	...convex.configs.recommended.map((config) => ({
		...config,
		files: ['src/convex/*.ts', 'src/convex/{auth,lib}/**/*.ts']
	})),
	...outbound
);
