/** What modules of the default runtime find in their global object: what V8 has, what Convex offers, and nothing else. */
import vm from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Corpus } from '../corpus/harness.ts';

/** As the backend's runtime sets them up, beside `Convex`, which its library speaks to. */
const OFFERED = [
	'AbortController',
	'AbortSignal',
	'AsyncLocalStorage',
	'AsyncResource',
	'Blob',
	'Convex',
	'Crypto',
	'CryptoKey',
	'DOMException',
	'Event',
	'EventTarget',
	'File',
	'FormData',
	'Headers',
	'Performance',
	'PerformanceEntry',
	'PerformanceMark',
	'PerformanceMeasure',
	'ReadableStream',
	'ReadableStreamBYOBReader',
	'ReadableStreamDefaultReader',
	'Request',
	'Response',
	'SubtleCrypto',
	'TextDecoder',
	'TextDecoderStream',
	'TextEncoder',
	'TextEncoderStream',
	'TransformStream',
	'URL',
	'URLSearchParams',
	'WritableStream',
	'WritableStreamDefaultWriter',
	'atob',
	'btoa',
	'clearInterval',
	'clearTimeout',
	'console',
	'crypto',
	'fetch',
	'performance',
	'process',
	'self',
	'setInterval',
	'setTimeout',
	'structuredClone'
];

const NODES_OWN = ['Buffer', 'global', 'require', 'module', 'exports', '__dirname', 'setImmediate', 'queueMicrotask'];

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

it.each(['query', 'action'] as const)('are exactly these in a function of kind %s', async (kind) => {
	const names = await (kind === 'query'
		? corpus.query('runtime:globalNames')
		: corpus.action('runtime:globalNamesOfActions'));
	const bare: unknown = vm.runInNewContext('Object.getOwnPropertyNames(globalThis)');
	if (!Array.isArray(bare)) throw new Error('V8 has no globals');
	const expected = new Set([...bare.map(String), ...OFFERED]);
	expect(names).toEqual([...expected].sort());
	expect(NODES_OWN.filter((name) => expected.has(name))).toEqual([]);
});

it('give nothing away of the garbage collector', async () => {
	expect(await corpus.query('runtime:weakReferences')).toEqual([true, false]);
});

it('measure time by the clock of the function', async () => {
	const expected = [true, true, true, ['begin', 'end'], 15];
	expect(await corpus.query('runtime:measures')).toEqual(expected);
	expect(await corpus.query('runtime:measures')).toEqual(expected);
	expect(await corpus.action('runtime:measuresInAction')).toEqual(expected);
});

it('make no code from strings', async () => {
	await expect(corpus.query('runtime:evaluates')).rejects.toThrow('Code generation from strings disallowed');
});
