import { z } from 'zod';
import type { PushBundle } from '../engine/bundle.ts';

/** Pushes a bundle over HTTP, in the steps in which the CLI does it. Throws what the deployment says against it. */
export async function deploy(
	deployment: { readonly url: string; readonly adminKey: string },
	bundle: PushBundle
): Promise<void> {
	const { adminKey } = deployment;
	const ask = async (path: string, body: object): Promise<unknown> => {
		const response = await fetch(`${deployment.url}/api/deploy2/${path}`, {
			method: 'POST',
			headers: { authorization: `Convex ${adminKey}`, 'content-type': 'application/json' },
			body: JSON.stringify({ adminKey, dryRun: false, ...body })
		});
		if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
		return await response.json();
	};
	const started = startPush.parse(
		await ask('start_push', {
			functions: 'convex/',
			nodeDependencies: [],
			appDefinition: {
				definition: bundle.definition,
				dependencies: [],
				schema: bundle.schema,
				changedModules: bundle.functions,
				unchangedModuleHashes: [],
				udfServerVersion: bundle.udfServerVersion
			},
			componentDefinitions: []
		})
	);
	for (;;) {
		const { type } = waited.parse(
			await ask('wait_for_schema', { schemaChange: started.schemaChange, timeoutMs: 10_000 })
		);
		if (type === 'complete') break;
		if (type !== 'inProgress') throw new Error(`wait_for_schema: ${type}`);
	}
	await ask('finish_push', { startPush: started, message: null });
}

const startPush = z.looseObject({ schemaChange: z.unknown() });
const waited = z.object({ type: z.string() });
