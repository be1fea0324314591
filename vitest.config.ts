import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		reporters: ['default', 'json'],
		outputFile: { json: 'test-reports/unit.json' },
		projects: [
			{
				test: {
					name: 'node',
					environment: 'node',
					include: [
						'src/{lib,embedded}/**/*.test.ts',
						'scripts/**/*.test.ts',
						'tests/{contract,unit}/**/*.test.ts',
						'src/convex/{auth,integrations,lib}/**/*.test.ts'
					],
					exclude: ['src/embedded/corpus/**', 'node_modules/**'],
					testTimeout: 30_000
				}
			},
			{
				test: {
					name: 'convex',
					environment: 'edge-runtime',
					include: ['src/convex/*.test.ts'],
					server: { deps: { inline: ['convex-test'] } },
					testTimeout: 30_000
				}
			}
		]
	}
});
