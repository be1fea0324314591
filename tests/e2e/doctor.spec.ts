/** `npm run doctor` beside the whole product: while it runs, and after it has stopped. */
import { execFile } from 'node:child_process';
import { expect, test } from '@playwright/test';
import { Product } from './product.ts';

function doctor(product: Product, ...options: string[]): Promise<{ code: number; output: string }> {
	const elsewhere = { CONVEX_DEPLOYMENT: '', CONVEX_SELF_HOSTED_URL: '', CONVEX_URL: '' };
	const here = { PLUMBLINE_DATA: product.dataDir, PORT: new URL(product.url).port };
	return new Promise((settle) => {
		execFile(
			process.execPath,
			['scripts/doctor.ts', ...options],
			{ env: { ...process.env, ...elsewhere, ...here } },
			(error, output, errors) => settle({ code: error === null ? 0 : 1, output: output + errors })
		);
	});
}

test('all is well while the product runs, and when it does not', async () => {
	const product = await Product.start();
	try {
		const running = await doctor(product);
		expect(running.output).toContain(`Pages: ${product.url} answers`);
		expect(running.output).toContain('Functions: they are on the deployment and answer.');
		expect(running.output).toContain('All is well.');
		expect(running.code).toBe(0);
		await product.stop();
		const stopped = await doctor(product);
		expect(stopped.output).toContain('Plumbline does not run.');
		expect(stopped.output).toContain('Functions: they are on the deployment and answer.');
		expect(stopped.output).toContain('All is well.');
		expect(stopped.code).toBe(0);
		// It leaves the product as it was.
		await product.resume();
		expect((await fetch(`${product.url}/healthz`)).status).toBe(200);
	} finally {
		await product.close();
	}
});
