/** CI's question about advisories, with an npm that gives each kind of answer. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function audit(answer: string) {
	writeFileSync(join(folder, 'answer'), answer);
	writeFileSync(join(folder, 'npm'), `#!/bin/sh\ncat '${join(folder, 'answer')}'\nexit 1\n`, { mode: 0o755 });
	const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` };
	const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/tools/audit.ts'], { env, encoding: 'utf8' });
	return { status, output: stdout + stderr };
}

const finding = (severity: string) =>
	JSON.stringify({
		vulnerabilities: {
			pack: { via: [{ url: 'https://github.com/advisories/GHSA-0000', severity, title: 'A hole' }] },
			other: { via: ['pack'] }
		}
	});

it.each(['high', 'critical'])('a finding that is %s fails', (severity) => {
	const { status, output } = audit(finding(severity));
	expect(output).toContain(`${severity}: A hole (https://github.com/advisories/GHSA-0000)`);
	expect(status).toBe(1);
});

it.each(['low', 'moderate'])('a finding that is %s does not', (severity) => {
	expect(audit(finding(severity)).status).toBe(0);
});

it('nothing found is well', () => {
	expect(audit('{"vulnerabilities":{}}')).toEqual({ status: 0, output: 'No open advisory at high severity.\n' });
});

it('a registry without advisories is tolerated, and said', () => {
	const { status, output } = audit('{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":""}}');
	expect(output).toContain('The registry gives no advisories');
	expect(status).toBe(0);
});

it.each(['', 'nonsense', '{}', '{"vulnerabilities":[]}'])('an answer that says nothing (%j) fails', (answer) => {
	expect(audit(answer).status).toBe(1);
});
