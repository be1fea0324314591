/** Installs what a Debian machine offers by itself, when we are allowed to. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const mayInstall = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** Installs a Debian package when running as root on Debian; says whether it went well. */
export function installDebianPackage(name: string): boolean {
	if (!mayInstall()) return false;
	console.log(`Installing ${name} from Debian's packages…`);
	const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	const apt = (...args: string[]) =>
		spawnSync('apt-get', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
	const install = () => apt('install', '-y', '--no-install-recommends', name);
	return install() || (apt('update') && install());
}
