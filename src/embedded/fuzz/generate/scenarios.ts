/** Random scenarios: a schema, then functions, pages, pushes and restarts. */
import fc from 'fast-check';
import type { Scenario, Step } from '../program.ts';
import { action, mutation, query } from './programs.ts';
import { everyTable, laterSchema } from './schemas.ts';
import { selections } from './selections.ts';
import { WITH_IDS } from './values.ts';

const steps: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 14, arbitrary: mutation.map((program): Step => ({ do: 'mutation', program })) },
	{ weight: 10, arbitrary: query.map((program): Step => ({ do: 'query', program })) },
	{ weight: 2, arbitrary: query.map((program): Step => ({ do: 'watch', program })) },
	{
		weight: 2,
		arbitrary: fc.record({ do: fc.constant('open' as const), selection: selections(WITH_IDS), numItems: fc.nat(3) })
	},
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant('turn' as const),
			book: fc.nat(2),
			numItems: fc.nat({ max: 3 }),
			from: fc.option(fc.nat(3), { freq: 4 }),
			to: fc.option(fc.nat(3), { freq: 2 }),
			again: fc.boolean()
		})
	},
	{
		weight: 1,
		arbitrary: action.map((program): Step => ({ do: 'action', program }))
	},
	{ weight: 1, arbitrary: laterSchema.map((schema): Step => ({ do: 'push', schema })) },
	{ weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'restart' }, { do: 'query', program: [] }) }
);

/** Scenarios of so many steps after the first push. */
export function scenarios(length: number): fc.Arbitrary<Scenario> {
	return fc
		.record({ schema: everyTable, rest: fc.array(steps, { minLength: length >> 1, maxLength: length, size: 'max' }) })
		.map(({ schema, rest }) => ({ steps: [{ do: 'push', schema }, ...rest] }));
}
