import { DeveloperError } from '../../values/errors.ts';
import { parseValue } from '../../values/value.ts';
import { isConvexObject } from '../../values/value.ts';
import type { Call } from '../call.ts';
import type { DeployedComponents } from '../components/deployed.ts';
import type { JsonFields } from '../json.ts';
import { displayPath } from '../paths.ts';
import type { Identity } from '../types.ts';
import { metricsOf } from '../usage.ts';
import { functionHandle, resolveAddress } from '../components/reference.ts';
import type { Services } from './services.ts';

export function getUserIdentity(call: Call): string {
	call.request.readIdentity = true;
	return identityJson(call.request.identity);
}

/** What `ctx.auth.getUserIdentity()` returns, as JSON: the claims, or null for nobody. */
export function identityJson(identity: Identity): string {
	switch (identity.kind) {
		case 'none':
			return 'null';
		case 'user':
			return claims(identity.attributes);
		case 'admin':
			return identity.actingAs === undefined ? 'null' : claims(identity.actingAs);
	}
}

function claims(attributes: string): string {
	// A claim set that is no object would reach user code as something it cannot handle.
	return isConvexObject(parseValue(attributes)) ? attributes : 'null';
}

export function getFunctionMetadata(call: Call): string {
	return JSON.stringify({ name: displayPath(call.path), componentPath: call.component });
}

export function getDeploymentMetadata(): string {
	return JSON.stringify({ name: 'embedded', region: null, class: 'dev' });
}

export function getRequestMetadata(call: Call): string {
	const { requestId, job } = call.request;
	return JSON.stringify({ ip: null, userAgent: null, requestId, scheduledFunctionId: job, authToken: null });
}

export function getTransactionMetrics(call: Call): string {
	const { usage } = call.request;
	return JSON.stringify(metricsOf(usage.used, call.limits));
}

/** Int64 as Convex JSON: the commit timestamp, in nanoseconds, of the snapshot that is read. */
export function getSnapshotTs(call: Call): string {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(call.request.transaction.snapshotTs);
	return JSON.stringify({ $integer: bytes.toString('base64') });
}

export function createFunctionHandle(call: Call, args: JsonFields, { components }: Services): string {
	return handleJson(components(), call.component, args);
}

/** Answer of `1.0/createFunctionHandle`, as JSON. */
export function handleJson(components: DeployedComponents, component: string, args: JsonFields): string {
	const given = args.optionalText('functionHandle');
	if (given !== null) return JSON.stringify(given);
	const path = resolveAddress(
		components,
		component,
		args,
		() => 'Cannot create a function handle for a value resource'
	);
	return JSON.stringify(functionHandle(components, path));
}

/** An argument that the component was mounted with, as `{value?}`. */
export function componentArgument(call: Call, args: JsonFields, { components }: Services): string {
	const mounted = components().get(call.component)?.mounted;
	if (mounted === undefined || mounted.componentPath === '')
		throw new DeveloperError('InvalidValue', 'Component arguments are not available within the app');
	const resource = mounted.args[args.text('name')];
	return resource?.type === 'value' ? `{"value":${resource.value}}` : '{}';
}
