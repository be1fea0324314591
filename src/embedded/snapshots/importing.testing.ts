/** Imports without the CLI, for what it does not wait for. */
import { vi } from 'vitest';
import { z } from 'zod';
import { PATIENT } from '../patience.testing.ts';
import type { DeployedApp } from '../deployedApp.testing.ts';
import type { RunningDeployment } from '../deployment.ts';

interface Wanted {
	readonly tableName?: string;
	readonly componentPath?: string;
	readonly mode: 'append' | 'replace' | 'replaceAll' | 'requireEmpty';
	readonly format: 'csv' | 'jsonLines' | 'jsonArray' | 'zip';
}

const uploadShape = z.object({ uploadToken: z.string() });
const importShape = z.object({ importId: z.string() });
const stateShape = z.object({
	state: z.object({
		state: z.enum(['uploaded', 'waiting_for_confirmation', 'in_progress', 'completed', 'failed']),
		error_message: z.string().optional(),
		progress_message: z.string().optional()
	})
});
export type ImportState = z.infer<typeof stateShape>['state'];

export class TestImport {
	readonly #app: DeployedApp<RunningDeployment>;
	readonly #id: string;

	private constructor(app: DeployedApp<RunningDeployment>, id: string) {
		this.#app = app;
		this.#id = id;
	}

	static async upload(app: DeployedApp<RunningDeployment>, body: BodyInit, wanted: Wanted): Promise<TestImport> {
		const { uploadToken } = uploadShape.parse(await (await app.post('import/start_upload', {})).json());
		const part = `${app.deployment.url}/api/import/upload_part?uploadToken=${uploadToken}&partNumber=1`;
		const headers = { authorization: `Convex ${app.deployment.adminKey}` };
		await fetch(part, { method: 'POST', headers, body });
		const finished = await app.post('import/finish_upload', { import: wanted, uploadToken, partTokens: ['1'] });
		return new TestImport(app, importShape.parse(await finished.json()).importId);
	}

	async state(): Promise<ImportState> {
		const { value } = await this.#app.asAdmin('query', '_system/cli/queryImport', { importId: this.#id });
		return stateShape.parse(value).state;
	}

	/** Waits until it can be confirmed, or has failed. */
	async inspected(): Promise<ImportState> {
		return await vi.waitUntil(async () => {
			const state = await this.state();
			return state.state === 'uploaded' ? null : state;
		}, PATIENT);
	}

	async confirm(): Promise<void> {
		await this.#app.post('perform_import', { importId: this.#id });
	}

	/** Confirms it when it waits for that, and waits for its end. */
	async end(): Promise<ImportState> {
		if ((await this.inspected()).state === 'waiting_for_confirmation') await this.confirm();
		return await vi.waitUntil(async () => {
			const state = await this.state();
			return state.state === 'completed' || state.state === 'failed' ? state : null;
		}, PATIENT);
	}
}
