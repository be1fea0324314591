import { expect, test } from 'vitest';
import { passkeyObstacle } from './passkeys.ts';

function at(url: string, secure: boolean): string | null {
	const { protocol, hostname, port } = new URL(url);
	return passkeyObstacle({ protocol, hostname, port, secure });
}

test('localhost and https with a name have passkeys', () => {
	expect(at('http://localhost:3000', true)).toBeNull();
	expect(at('https://plumb.example.com', true)).toBeNull();
});

test('a loopback number names the address that works', () => {
	expect(at('http://127.0.0.1:3000', true)).toContain('http://localhost:3000 ');
	expect(at('http://[::1]:3000', true)).toContain('http://localhost:3000 ');
	expect(at('http://127.0.0.1', true)).toContain('http://localhost ');
});

test('any other number, and a name without https, say what is missing', () => {
	expect(at('https://192.168.1.4', true)).toMatch(/host name/);
	expect(at('http://plumb.example.com', false)).toMatch(/https/);
});
