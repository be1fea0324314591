import type { Files } from '../../files/files.ts';
import type { Jobs } from '../../scheduler/jobs.ts';
import type { DeployedComponents } from '../components/deployed.ts';
import type { EngineSettings } from '../protocol.ts';
import type { Signer } from '../secret.ts';

/** What syscalls need beside the transaction of their call. */
export interface Services {
	readonly settings: EngineSettings;
	readonly signer: Signer;
	readonly jobs: Jobs;
	readonly files: Files;
	/** What is mounted now, with its functions. */
	components(): DeployedComponents;
}
