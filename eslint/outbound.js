/**
 * Every call of the functions to the outside goes through convex/lib/http.ts, where addresses are checked. These rules
 * forbid the other ways: the globals, Node's own modules, HTTP libraries, and SDKs that are left their own transport.
 */
const MESSAGE = 'The functions call the outside through context.http (convex/lib/http.ts), which checks addresses.';

const GLOBALS = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'];
const NODE_MODULES = [
	'http',
	'https',
	'http2',
	'net',
	'tls',
	'dgram',
	'dns',
	'dns/promises',
	'child_process',
	'worker_threads'
];
const LIBRARIES = [
	'undici',
	'axios',
	'got',
	'ky',
	'node-fetch',
	'cross-fetch',
	'gaxios',
	'superagent',
	'request',
	'ws',
	'nodemailer'
];

/** Packages that bring a transport of their own, and the option that replaces it. */
const SDKS = [
	{ name: /^stripe$/, option: 'httpClient' },
	{ name: /^@googleapis\x2f/, option: 'fetchImplementation' }
];

const importOf = (name) =>
	`:matches(ImportDeclaration[importKind!="type"][source.value=${name}], ImportExpression[source.value=${name}])`;

const syntax = [
	...SDKS.map(({ name, option }) => ({
		selector: `Program:has(${importOf(name)}):not(:has(Property[key.name="${option}"]))`,
		message: `${MESSAGE} Give the SDK the option ${option}.`
	})),
	{
		selector:
			'Program:has(ImportDeclaration[source.value="oauth4webapi"] > ImportNamespaceSpecifier):not(:has(Property[key.property.name="customFetch"]))',
		message: `${MESSAGE} Give oauth4webapi its customFetch.`
	},
	{
		// A slash would end the selector's expression.
		selector: `ImportExpression[source.value=/^(node:)?(${[...NODE_MODULES, ...LIBRARIES].join('|').replaceAll('/', '\\x2f')})$/]`,
		message: MESSAGE
	},
	{
		selector: 'ImportExpression:not([source.type="Literal"])',
		message: 'An import is named, so that it can be checked.'
	}
];

const paths = [...NODE_MODULES.flatMap((name) => [name, `node:${name}`]), ...LIBRARIES].map((name) => ({
	name,
	message: MESSAGE
}));

const TESTS = ['**/*.test.ts', '**/*.fake.ts', '**/*.suite.ts', '**/*.testing.ts', '**/_generated/**'];

const common = {
	'no-restricted-globals': ['error', ...GLOBALS.map((name) => ({ name, message: MESSAGE }))],
	'no-restricted-properties': [
		'error',
		...['globalThis', 'global', 'self', 'window'].flatMap((object) =>
			GLOBALS.map((property) => ({ object, property, message: MESSAGE }))
		)
	],
	'no-restricted-syntax': ['error', ...syntax]
};

export const outbound = [
	{
		files: ['src/convex/**/*.ts'],
		// The client itself; letters go to the operator's own mail server.
		ignores: [...TESTS, 'src/convex/lib/http.ts', 'src/convex/lib/connect.ts', 'src/convex/auth/mail.ts'],
		rules: { ...common, 'no-restricted-imports': ['error', { paths }] }
	},
	{
		files: ['src/convex/integrations/**/*.ts', 'src/lib/server/integrations/**/*.ts'],
		ignores: TESTS,
		rules: {
			...common,
			'no-restricted-imports': [
				'error',
				{
					paths,
					patterns: [
						{
							regex: '^(?!\\.{1,2}/|zod$|stripe$|@googleapis/|node:(?:crypto|buffer|util)$)',
							message: `An integration imports our own modules, zod, and SDKs that are named in eslint/outbound.js. ${MESSAGE}`
						}
					]
				}
			],
			'no-console': 'error'
		}
	}
];
