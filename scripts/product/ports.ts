import { createServer } from 'node:net';
import { SettingsError } from './settings.ts';

/** Whether a TCP port can be listened on. */
export function isFree(port: number, host: string): Promise<boolean> {
	return new Promise((settle) => {
		const server = createServer();
		server.once('error', () => settle(false));
		server.listen({ port, host, exclusive: true }, () => server.close(() => settle(true)));
	});
}

/**
 * The wanted port when the operator named one (refused with a sentence when taken), else the first free one from `start`.
 * `span` neighbouring ports must be free as well.
 */
export async function choosePort(
	name: string,
	wanted: number | null,
	start: number,
	host: string,
	span = 1
): Promise<number> {
	const fits = async (port: number) => {
		for (let next = port; next < port + span; next++) if (!(await isFree(next, host))) return false;
		return true;
	};
	if (wanted !== null) {
		if (await fits(wanted)) return wanted;
		throw new SettingsError(`Port ${wanted} (${name}) is in use. Stop what uses it, or set ${name} to another port.`);
	}
	for (let port = start; port < start + 500; port += span) if (await fits(port)) return port;
	throw new SettingsError(`No free port found from ${start} to ${start + 500} for ${name}.`);
}
