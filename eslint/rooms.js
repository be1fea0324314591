/**
 * Keeps imports going down: each room of the house may reach only the rooms listed for it. Tests may reach anything.
 * The table is the house of notes/ARCHITECTURE.md.
 */
import { dirname, relative, resolve, sep } from 'node:path';

/** First match wins; `may` lists the rooms a file of the room may import from besides its own. */
const ROOMS = [
	{ name: 'embedded', at: 'src/embedded/', may: [] },
	{ name: 'metrics', at: 'src/lib/metrics/', may: [] },
	{ name: 'config', at: 'src/lib/config/', may: ['metrics'] },
	{ name: 'auth', at: 'src/lib/auth/', may: ['config'] },
	{ name: 'components', at: 'src/lib/components/', may: ['metrics', 'config', 'auth', 'generated'] },
	{ name: 'generated', at: 'src/convex/_generated/', may: ['functions'] },
	{ name: 'convexLib', at: 'src/convex/lib/', may: ['metrics', 'config', 'generated'] },
	{ name: 'services', at: 'src/convex/integrations/', may: ['metrics', 'config', 'convexLib'] },
	{ name: 'integrations', at: 'src/lib/server/integrations/', may: ['metrics', 'config', 'convexLib', 'services'] },
	{
		name: 'functions',
		at: 'src/convex/',
		may: ['metrics', 'config', 'convexLib', 'services', 'integrations', 'generated']
	},
	{ name: 'server', at: 'src/lib/server/', may: ['metrics', 'config', 'auth', 'generated'] },
	{ name: 'lib', at: 'src/lib/', may: ['metrics', 'config', 'auth', 'components', 'generated'] },
	{ name: 'routes', at: 'src/routes/', may: ['metrics', 'config', 'auth', 'components', 'server', 'lib', 'generated'] }
];

const roomOf = (path) => ROOMS.find((room) => path.startsWith(room.at));

/** @type {import('eslint').Rule.RuleModule} */
export const downwards = {
	meta: { type: 'problem', schema: [], docs: { description: 'Imports go down the house only.' } },
	create(context) {
		const root = context.cwd;
		const file = relative(root, context.filename).split(sep).join('/');
		const from = roomOf(file);
		if (from === undefined || /\.(test|fake|suite)\.ts$/.test(file)) return {};

		function check(node) {
			const specifier = node.source?.value;
			if (typeof specifier !== 'string') return;
			const target = specifier.startsWith('$lib/')
				? `src/lib/${specifier.slice(5)}`
				: specifier.startsWith('.')
					? relative(root, resolve(dirname(context.filename), specifier))
							.split(sep)
							.join('/')
					: null;
			if (target === null) return;
			const to = roomOf(target);
			if (to === from || (to !== undefined && from.may.includes(to.name))) return;
			if (to === undefined && from.name !== 'embedded') return;
			context.report({
				node,
				message: `"${from.name}" may not import from "${to?.name ?? target}": imports go down (notes/ARCHITECTURE.md).`
			});
		}
		return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
	}
};
