import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { measureJson } from '../../values/measure.ts';
import { canonicalPath, displayPath } from '../paths.ts';
import { readAddress } from './address.ts';
import type { Services } from './services.ts';
import { readArgument } from './queries.ts';
import { writer } from './writes.ts';

/** `ctx.scheduler.runAfter/runAt`: the job exists if and only if the mutation commits. */
export function schedule(call: Call, args: JsonFields, services: Services): string {
	const tx = writer(call);
	const job = readJob(args, services);
	call.request.usage.schedule(measureJson(JSON.stringify([job.args])).size, call.limits);
	return JSON.stringify(services.jobs.schedule(tx, { ...job, component: call.component }));
}

/** The function, arguments and time of a schedule request. Throws when no such function can be scheduled. */
export function readJob(args: JsonFields, services: Pick<Services, 'find'>) {
	const path = readAddress(args);
	const found = services.find(path);
	if (found === null) {
		throw new DeveloperError(
			'InvalidValue',
			`Attempted to schedule function, but no exported function ${path.name} found in the file: ${path.module}. Did you forget to export it?`
		);
	}
	if (found.udfType === 'Query')
		throw new DeveloperError('InvalidValue', `Cannot schedule a query: ${displayPath(path)}`);
	const kind: 'mutation' | 'action' = found.udfType === 'Mutation' ? 'mutation' : 'action';
	// Convex counts in seconds on this border.
	return { path: canonicalPath(path), kind, args: args.json('args'), due: args.number('ts') * 1000 };
}

export function cancelJob(call: Call, args: JsonFields, services: Services): string {
	const id = args.text('id');
	if (id === call.request.job) throw new DeveloperError('InvalidValue', 'A mutation cannot cancel itself');
	const tx = writer(call);
	// A text that is no id is the caller's mistake, with words of its own.
	readArgument('db.cancel_job', () => tx.tableOf(call.component, id));
	services.jobs.cancel(tx, id, call.request.now);
	return 'null';
}
