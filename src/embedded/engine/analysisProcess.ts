/** Evaluates one bundle and ends. Nothing that the bundle does at its top level outlives this process. */
import { NodeModules, writeNodeModules } from '../actions/nodeModules.ts';
import { analyzeBundle } from './analyze.ts';
import { AnalysisRefusal } from './evaluate.ts';
import type { AnalysisMethods } from './protocol.ts';
import { endWithParent } from './orphan.ts';
import { answer, isMessage, sendToParent } from './rpc.ts';
import type { Handlers } from './rpc.ts';
import { environmentOf } from './runtime.ts';

endWithParent();
process.on('unhandledRejection', () => undefined);

const handlers: Handlers<AnalysisMethods> = {
	async analyze({ bundle, settings, environment, directory, forCodegen }) {
		try {
			writeNodeModules(directory, bundle.functions);
			const node = new NodeModules(directory, settings.appDir);
			return await analyzeBundle(bundle, environmentOf({ environment }, settings), node, forCodegen);
		} catch (error) {
			if (error instanceof AnalysisRefusal) return error.refusal;
			throw error;
		}
	}
};

process.on('message', (message: unknown) => {
	if (isMessage(message) && message.kind === 'call') void answer(handlers, message, sendToParent);
});
