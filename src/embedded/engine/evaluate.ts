import { faultOf } from './failure.ts';
import { ModuleGraph } from './modules.ts';
import type { Namespace } from './modules.ts';
import { freshSeed, seededRandom } from './random.ts';
import { sourceMaps } from './runtime.ts';
import { createSandbox } from './sandbox.ts';
import type { SandboxHost } from './sandbox.ts';
import { StackMapper } from './stack.ts';
import type { ModuleSource } from './bundle.ts';
import type { PushRefusal } from './pushChanges.ts';

/** A push that was refused while its modules were evaluated. */
export class AnalysisRefusal extends Error {
	readonly refusal: PushRefusal;

	constructor(code: string, message: string) {
		super(message);
		this.refusal = { code, message };
	}
}

/** How a module that is evaluated once is run, and what is said when it fails. */
interface Evaluation<T> {
	readonly host: SandboxHost;
	readonly code: string;
	readonly explanation: string;
	/** What the module may import beside itself. */
	readonly imports?: readonly ModuleSource[];
	/** Reads the module's exports; what it throws fails the push too. */
	read(exports: Namespace): T;
}

/** Evaluates one module in a sandbox of its own. Throws an AnalysisRefusal. */
export async function evaluate<T>(
	module: ModuleSource,
	{ host, code, explanation, imports = [], read }: Evaluation<T>
): Promise<T> {
	const graph = new ModuleGraph([module, ...imports], createSandbox(host));
	try {
		return read(await graph.load(module.path));
	} catch (error) {
		if (error instanceof AnalysisRefusal) throw error;
		const fault = faultOf(error, new StackMapper(sourceMaps([module])));
		throw new AnalysisRefusal(code, `${explanation}: ${fault.message}`);
	}
}

/** While modules are evaluated there is no call, so nothing of a call can be reached. */
export function importHost(
	environment: ReadonlyMap<string, string>,
	variable: (name: string) => string | undefined = (name) => environment.get(name)
): SandboxHost {
	const now = Date.now();
	const refuse = (): never => {
		throw new Error("Can't use database at import time");
	};
	return {
		syscall: refuse,
		asyncSyscall: refuse,
		jsSyscall: refuse,
		now: () => now,
		random: seededRandom(freshSeed()),
		timeOrigin: now,
		performanceNow: () => 0,
		environment: variable,
		environmentNames: () => [...environment.keys()],
		log: () => undefined,
		allow: (what) => {
			throw new Error(`Can't use ${what} at import time`);
		}
	};
}
