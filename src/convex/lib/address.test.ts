import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressAllowed, checkUrl } from './address.ts';
import { IntegrationError } from './errors.ts';

function refusal(url: string, allowedHosts: readonly string[] | null = null, allowPrivate = false): string {
	try {
		checkUrl(url, allowedHosts, allowPrivate);
	} catch (error) {
		if (error instanceof IntegrationError) return `${error.kind}: ${error.message}`;
		throw error;
	}
	return '';
}

describe('an address that may be called', () => {
	it.each(['8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '64:ff9b::808:808'])('%s is public', (address) => {
		expect(addressAllowed(address, false)).toBe(true);
	});

	it.each([
		'127.0.0.1',
		'10.1.2.3',
		'172.16.0.1',
		'192.168.1.1',
		'100.64.0.1',
		'::1',
		'fd00::1',
		'::ffff:10.0.0.1',
		'64:ff9b::7f00:1'
	])('%s belongs to the operator', (address) => {
		expect(addressAllowed(address, false)).toBe(false);
		expect(addressAllowed(address, true)).toBe(true);
	});

	it.each([
		'0.0.0.0',
		'0.1.2.3',
		'169.254.169.254',
		'224.0.0.1',
		'240.0.0.1',
		'255.255.255.255',
		'::',
		'fe80::1',
		'ff02::1',
		'::ffff:169.254.169.254',
		'64:ff9b::a9fe:a9fe',
		'64:ff9b:1::1',
		'2002:a9fe:a9fe::1',
		'::169.254.169.254',
		'2001:db8::1',
		'2001::1',
		'2001:0:7f00:1::1',
		'fec0::1',
		'4000::1',
		'::2',
		'5f00::1',
		'198.18.0.1',
		'192.88.99.1',
		'fe80::1%eth0',
		'127.0.0.1.',
		// Where clouds hand out the machine's own credentials, beside 169.254.169.254.
		'169.254.170.2',
		'100.100.100.200',
		'168.63.129.16',
		'192.0.0.192',
		'fd00:ec2::254',
		'fd20:ce::254',
		'::ffff:100.100.100.200',
		'64:ff9b::a83f:8110',
		'not an address'
	])('%s is never called, not even with private hosts allowed', (address) => {
		expect(addressAllowed(address, true)).toBe(false);
	});

	it('is judged by its IPv4 address however it is wrapped', () => {
		fc.assert(
			fc.property(fc.ipV4(), fc.boolean(), (address, allowPrivate) => {
				const allowed = addressAllowed(address, allowPrivate);
				const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
				const tail = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
				expect(addressAllowed(`::ffff:${address}`, allowPrivate)).toBe(allowed);
				expect(addressAllowed(`64:ff9b::${tail}`, allowPrivate)).toBe(allowed);
				expect(addressAllowed(`2002:${tail}::`, allowPrivate)).toBe(allowed);
			})
		);
	});
});

describe('a URL that may be called', () => {
	// B6, B7: every way of writing an inner address.
	it.each([
		'https://127.0.0.1',
		'https://0.0.0.0',
		'https://0177.0.0.1',
		'https://2130706433',
		'https://127.1',
		'https://0x7f.1',
		'https://[::1]',
		'https://[::ffff:169.254.169.254]',
		'https://[fd00::1]',
		'https://[64:ff9b::7f00:1]'
	])('%s is not', (url) => {
		expect(refusal(url)).toMatch(/^config: .* private or reserved network/);
	});

	// B10
	it.each([
		['file:///etc/passwd', /only https/],
		['gopher://example.com', /only https/],
		['data:text/plain,x', /only https/],
		['javascript:alert(1)', /only https/],
		['https://user:pass@example.com', /user name or password/],
		['https://xn--e1afmkfd.xn--p1ai', /letters a-z/],
		['https://exаmple.com', /letters a-z/],
		['https://example。com', /letters a-z/],
		['https://１２７.0.0.1', /letters a-z/],
		['https://exam\nple.com', /letters a-z/],
		['example.com', /complete URL/],
		['', /complete URL/],
		['http://example.com', /use https/]
	])('%j is not', (url, reason) => {
		expect(refusal(url)).toMatch(reason);
	});

	it('may be http, or inside the network, when the operator allows it', () => {
		expect(refusal('http://192.168.0.7:9090', null, true)).toBe('');
		expect(refusal('http://localhost:9090', null, true)).toBe('');
	});

	it('has one of the allowed hosts, port included', () => {
		expect(refusal('https://api.example.com/x', ['api.example.com'])).toBe('');
		expect(refusal('https://API.EXAMPLE.com./x', ['api.example.com'])).toMatch(/not a host/);
		expect(refusal('https://api.example.com:8443/x', ['api.example.com'])).toMatch(/not a host/);
		expect(refusal('https://api.example.com.evil.test/x', ['api.example.com'])).toMatch(/not a host/);
		expect(refusal('https://example.com', [])).toMatch(/not a host/);
	});
});
