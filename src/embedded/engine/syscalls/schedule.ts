import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { measureJson } from '../../values/measure.ts';
import { canonicalPath, displayPath, inComponent } from '../paths.ts';
import type { DeployedComponents } from '../components/deployed.ts';
import { resolveAddress } from '../components/reference.ts';
import type { NewJob } from '../../scheduler/jobs.ts';
import type { Services } from './services.ts';
import { readArgument } from './queries.ts';
import { writer } from './writes.ts';

/** `ctx.scheduler.runAfter/runAt`: the job exists if and only if the mutation commits. */
export function schedule(call: Call, args: JsonFields, services: Services): string {
	const tx = writer(call);
	const job = readJob(services.components(), call.component, args);
	call.request.usage.schedule(measureJson(JSON.stringify([job.args])).size, call.limits);
	return JSON.stringify(services.jobs.schedule(tx, job));
}

/** The function, arguments and time of a schedule request. Throws when no such function can be scheduled. */
export function readJob(components: DeployedComponents, component: string, args: JsonFields): NewJob {
	const path = resolveAddress(
		components,
		component,
		args,
		(value) => `Only functions can be scheduled. ${value} is not a function`
	);
	const found = components.find(path);
	if (found === null) {
		throw new DeveloperError(
			'InvalidValue',
			`Attempted to schedule function, but no exported function ${path.name} found in the file: ${path.module}${inComponent(path.component)}. Did you forget to export it?`
		);
	}
	if (found.udfType === 'Query')
		throw new DeveloperError('InvalidValue', `Cannot schedule a query: ${displayPath(path)}`);
	return {
		component,
		target: path.component,
		path: canonicalPath(path),
		kind: found.udfType === 'Mutation' ? 'mutation' : 'action',
		args: args.json('args'),
		// Convex counts in seconds on this border.
		due: args.number('ts') * 1000
	};
}

export function cancelJob(call: Call, args: JsonFields, services: Services): string {
	const id = args.text('id');
	if (id === call.request.job) throw new DeveloperError('InvalidValue', 'A mutation cannot cancel itself');
	const tx = writer(call);
	// A text that is no id is the caller's mistake, with words of its own.
	readArgument('db.cancel_job', () => tx.tableOf(call.component, id));
	services.jobs.cancel(tx, call.component, id, call.request.now);
	return 'null';
}
