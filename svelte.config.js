import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
const config = {
	preprocess: vitePreprocess(),
	kit: {
		adapter: adapter(),
		// Of pages; every other answer has the stricter policy of scripts/web/headers.ts. `connect-src` gains the address of a
		// deployment on another origin in src/hooks.server.ts.
		csp: {
			mode: 'nonce',
			directives: {
				'default-src': ['none'],
				'script-src': ['self'],
				'style-src': ['self'],
				// The one inline style there is: SvelteKit's own element that announces a new page to screen readers.
				'style-src-attr': ['unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
				'img-src': ['self', 'data:'],
				'font-src': ['self'],
				'connect-src': ['self'],
				'manifest-src': ['self'],
				'base-uri': ['none'],
				'form-action': ['self'],
				'frame-ancestors': ['none'],
				'object-src': ['none'],
				// Text becomes markup only through Svelte's own templates.
				'require-trusted-types-for': ['script'],
				'trusted-types': ['svelte-trusted-html']
			}
		},
		typescript: {
			config: (tsconfig) => {
				// The embedded deployment and the scripts run on Node as they are: tsconfig.node.json checks them.
				tsconfig.exclude = [...(tsconfig.exclude ?? []), '../src/embedded/**', '../src/convex/_generated/**'];
				return tsconfig;
			}
		}
	}
};

export default config;
