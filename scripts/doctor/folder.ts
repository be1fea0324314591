/** What the doctor looks at in the folder of the embedded deployment: room, rights, and who may read it. */
import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { megabytes, sentence } from '../product/task.ts';
import { attention, failing, ok } from './finding.ts';
import type { Finding } from './finding.ts';

const LITTLE_ROOM = 1e9;
const NO_ROOM = 1e8;
const FOR_OTHERS = 0o077;

export function checkFolder(dataDir: string): Finding[] {
	if (!existsSync(dataDir)) return [checkParent(dataDir)];
	return [checkRoom(dataDir), checkPrivacy(dataDir), checkWritable(dataDir)];
}

function checkParent(dataDir: string): Finding {
	let parent = dirname(dataDir);
	while (!existsSync(parent)) parent = dirname(parent);
	try {
		accessSync(parent, constants.W_OK);
		return ok('Data', `${dataDir} will be made at the first start.`);
	} catch {
		return failing(
			'Data',
			`${dataDir} cannot be made in ${parent}.`,
			'Give this user the right to write there, or set PLUMBLINE_DATA.'
		);
	}
}

function checkRoom(dataDir: string): Finding {
	const { bavail, bsize } = statfsSync(dataDir);
	const free = bavail * bsize;
	const says = `${megabytes(free)} are free where ${dataDir} lies.`;
	const advice = 'Make room on that disk, or move the folder while Plumbline is stopped and set PLUMBLINE_DATA.';
	if (free < NO_ROOM) return failing('Disk', says, advice);
	if (free < LITTLE_ROOM) return attention('Disk', says, advice);
	return ok('Disk', says);
}

function checkPrivacy(dataDir: string): Finding {
	// Windows keeps rights in another way.
	if (process.getuid === undefined) return ok('Privacy', 'not looked at on this system.');
	const names = readdirSync(dataDir).filter((name) => /^(?:admin\.key|.*\.sqlite(?:-wal|-shm)?)$/.test(name));
	const open = ['.', ...names].filter((name) => (statSync(join(dataDir, name)).mode & FOR_OTHERS) !== 0);
	if ((statSync(dataDir).mode & FOR_OTHERS) === 0) return ok('Privacy', `only its owner can look into ${dataDir}.`);
	return failing(
		'Privacy',
		`others on this machine can reach ${open.map((name) => (name === '.' ? 'the folder' : name)).join(', ')} in ${dataDir}.`,
		`It holds keys: chmod -R go-rwx '${dataDir}'`
	);
}

function checkWritable(dataDir: string): Finding {
	const mine = process.getuid?.();
	const owner = statSync(dataDir).uid;
	const advice = `Start Plumbline as the user to whom ${dataDir} belongs, or give the folder to this one (chown -R).`;
	try {
		const probe = join(dataDir, `doctor-${process.pid}.tmp`);
		writeFileSync(probe, 'x', { mode: 0o600, flush: true });
		rmSync(probe);
	} catch (error) {
		return failing('Data', `nothing can be written to ${dataDir}: ${sentence(error)}.`, advice);
	}
	if (mine !== undefined && mine !== owner)
		return attention('Data', `${dataDir} belongs to another user (${owner}) than the one who asks (${mine}).`, advice);
	return ok('Data', `${dataDir} can be written to.`);
}
