import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
const config = {
	preprocess: vitePreprocess(),
	kit: {
		adapter: adapter(),
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
