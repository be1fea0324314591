import type { Files } from '../../files/files.ts';
import type { Jobs } from '../../scheduler/jobs.ts';
import type { FunctionPath } from '../paths.ts';
import type { EngineSettings } from '../protocol.ts';
import type { Signer } from '../secret.ts';
import type { AnalyzedFunction } from '../types.ts';

/** What syscalls need beside the transaction of their call. */
export interface Services {
	readonly settings: EngineSettings;
	readonly signer: Signer;
	readonly jobs: Jobs;
	readonly files: Files;
	/** The deployed function of this name, or null. */
	find(path: FunctionPath): AnalyzedFunction | null;
}
