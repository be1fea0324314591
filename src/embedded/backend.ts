/** Puts together what stands between the sockets and the engine. */
import { AdminKey } from './auth/adminKey.ts';
import { Authentication } from './auth/authentication.ts';
import { LogBuffer } from './cli/logBuffer.ts';
import { createSystemQueries } from './cli/systemQueries.ts';
import { Signer } from './engine/secret.ts';
import type { Engine } from './engine/engine.ts';
import type { Backend } from './http/server.ts';
import { Pushes } from './push/pushes.ts';
import { Exports } from './snapshots/exports.ts';
import { Imports } from './snapshots/imports.ts';
import { SubscriptionHub } from './sync/hub.ts';
import { SyncServer } from './sync/server.ts';

export interface BackendOptions {
	readonly adminKey: string;
	readonly dataDir: string;
	readonly cloudUrl: string;
	readonly siteUrl: string;
	/** See DeploymentOptions. */
	readonly adminKeyFromPages?: boolean;
	readonly report: (sentence: string) => void;
}

export function createBackend(
	engine: Engine,
	{ adminKey: key, dataDir, cloudUrl, siteUrl, adminKeyFromPages = true, report }: BackendOptions
): Backend {
	const adminKey = new AdminKey(key);
	const authentication = new Authentication(adminKey, async () => (await engine.analysis()).authProviders);
	const exports = new Exports(engine, dataDir, () => hub.systemChanged(), report);
	const imports = new Imports(engine, dataDir, () => hub.systemChanged());
	const systemQueries = createSystemQueries({ engine, cloudUrl, exports, imports });
	const hub = new SubscriptionHub(engine, systemQueries);
	const logs = new LogBuffer();
	engine.onLog((entry) => logs.add(entry));
	const signer = Signer.open(dataDir);
	const pushes = new Pushes();
	return {
		sync: new SyncServer({ engine, hub, authentication }, { adminKeyFromPages }),
		deployment: {
			engine,
			authentication,
			adminKey,
			hub,
			systemQueries,
			pushes,
			logs,
			signer,
			cloudUrl,
			siteUrl,
			dataDir,
			exports,
			imports
		}
	};
}
