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
				'style-src': ['self', 'unsafe-inline'],
				'img-src': ['self', 'data:'],
				'font-src': ['self'],
				'connect-src': ['self'],
				'manifest-src': ['self'],
				'base-uri': ['none'],
				'form-action': ['self'],
				'frame-ancestors': ['none'],
				'object-src': ['none']
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
