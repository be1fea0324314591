import { afterEach, describe, expect, it } from 'vitest';
import { startContract } from './server.ts';
import type { ContractAnswer, ContractRequest, ContractServer } from './server.ts';
import { loadSpec, Spec } from './spec.ts';

/** A small library, as its keeper would describe it. */
const spec = new Spec({
	openapi: '3.1.0',
	info: { title: 'Library', version: '1' },
	security: [{ bearer: [] }, { basic: [] }],
	paths: {
		'/books': {
			get: {
				parameters: [
					{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } },
					{ name: 'lent', in: 'query', schema: { type: 'boolean' } },
					{ name: 'tags', in: 'query', explode: false, schema: { type: 'array', items: { type: 'string' } } },
					{ name: 'expand', in: 'query', style: 'deepObject', schema: { type: 'array', items: { type: 'string' } } },
					{
						name: 'created',
						in: 'query',
						style: 'deepObject',
						schema: { anyOf: [{ $ref: '#/components/schemas/range' }, { type: 'integer' }] }
					},
					{ name: 'page[size]', in: 'query', schema: { type: 'integer' } }
				],
				responses: {
					200: {
						content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/book' } } } }
					}
				}
			}
		},
		'/books/{id}': {
			parameters: [{ $ref: '#/components/parameters/id' }],
			get: { responses: { 200: { $ref: '#/components/responses/book' }, '4XX': { description: 'no' } } }
		},
		'/books/newest': { get: { security: [], responses: { 200: { description: 'any' } } } },
		'/loans': {
			get: {
				parameters: [{ name: 'reader', in: 'query', required: true, schema: { type: 'string' } }],
				responses: { 200: { description: 'any' } }
			}
		}
	},
	components: {
		securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
		parameters: { id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
		responses: { book: { content: { 'application/json': { schema: { $ref: '#/components/schemas/book' } } } } },
		schemas: {
			range: { type: 'object', properties: { gte: { type: 'integer' }, lt: { type: 'integer' } } },
			book: {
				type: 'object',
				required: ['title', 'printed'],
				properties: { title: { type: 'string' }, printed: { type: 'string', format: 'date' } }
			}
		}
	}
});

const book = { title: 'Momo', printed: '1973-01-01' };
let server: ContractServer | null = null;
afterEach(() => server?.close());

async function ask(
	target: string,
	answer: (request: ContractRequest) => ContractAnswer = () => ({ body: [book] }),
	authorization = 'Bearer key'
) {
	const anything = () => ({ body: {} });
	const fixtures = { 'GET /books': answer, 'GET /books/{id}': answer, 'GET /books/newest': anything };
	server = await startContract({ spec, fixtures, credential: 'key' });
	const response = await fetch(`${server.url}${target}`, { headers: { authorization } });
	await response.text();
	return { status: response.status, problems: server.problems, query: server.log[0]?.query };
}

describe('the contract server', () => {
	it('serves a fixture that keeps the schema', async () => {
		expect(await ask('/books')).toEqual({ status: 200, problems: [], query: {} });
	});

	it.each([
		['/books?limit=5', { limit: 5 }],
		['/books?lent=true', { lent: true }],
		['/books?tags=a,b', { tags: ['a', 'b'] }],
		['/books?expand[]=author', { expand: ['author'] }],
		['/books?expand[0]=author&expand[1]=data.x', { expand: ['author', 'data.x'] }],
		['/books?created[gte]=1&created[lt]=9', { created: { gte: 1, lt: 9 } }],
		['/books?created=7', { created: 7 }],
		['/books?page[size]=3', { 'page[size]': 3 }]
	])('types the query of %s', async (target, query) => {
		expect(await ask(target)).toEqual({ status: 200, problems: [], query });
	});

	it.each([
		['/books?limi=5', 'the parameter limi is unknown'],
		['/books?limit=many', 'the parameter limit is wrong'],
		['/books?limit=101', 'the parameter limit is wrong'],
		['/books?limit=1&limit=2', 'limit is given 2 times'],
		['/books?lent=perhaps', 'the parameter lent is wrong'],
		['/books?created[after]=1', 'created[after] is unknown'],
		['/books?created[gte]=soon', 'the parameter created is wrong'],
		['/books?limit[]=1', 'limit takes no brackets'],
		['/loans', 'the parameter reader is required']
	])('refuses %s', async (target, problem) => {
		const { status, problems } = await ask(target);
		expect(status).toBe(400);
		expect(problems).toEqual([expect.stringContaining(problem)]);
	});

	it('refuses an unknown path', async () => {
		expect(await ask('/bokks')).toMatchObject({ status: 404, problems: ['GET /bokks is not in the spec'] });
	});

	it('has no answer where there is no fixture', async () => {
		expect((await ask('/loans?reader=me')).status).toBe(501);
	});

	it.each([
		['', 401],
		['Bearer other', 401],
		['Token key', 401],
		['key', 401],
		['Bearer key', 200],
		[`Basic ${btoa('key:')}`, 200],
		[`Basic ${btoa('other:')}`, 401]
	])('answers authorization "%s" with %i', async (authorization, status) => {
		expect((await ask('/books', undefined, authorization)).status).toBe(status);
	});

	it('prefers a fixed path to a placeholder, and keeps open what the spec leaves open', async () => {
		expect((await ask('/books/newest', undefined, '')).status).toBe(200);
	});

	it.each([
		['/books', { body: [{ title: 'Momo' }] }, "must have required property 'printed'"],
		['/books', { body: [{ ...book, printed: 'long ago' }] }, 'must match format "date"'],
		['/books/7', { body: null }, 'must be object'],
		['/books', { status: 206, body: [] }, 'status 206 is not declared']
	])('refuses our own fixture of %s when it is %j', async (target, answer, problem) => {
		const { status, problems } = await ask(target, () => answer);
		expect(status).toBe(500);
		expect(problems).toEqual([expect.stringContaining(problem)]);
	});

	it('gives path values to the fixture', async () => {
		const answer = ({ path }: ContractRequest) => ({ body: { ...book, title: path['id'] } });
		expect(await ask('/books/a%2Fb', answer)).toMatchObject({ status: 200, problems: [] });
	});

	it('does not take fixtures for operations that do not exist', async () => {
		await expect(startContract({ spec, fixtures: { 'GET /nope': () => ({}) }, credential: 'key' })).rejects.toThrow(
			'GET /nope'
		);
	});

	it('says loudly when a spec is absent', () => {
		expect(loadSpec('no-such-service.json')).toBeNull();
	});
});
