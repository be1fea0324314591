/** The audit log as a file for spreadsheets, as it is filtered on the page. That it was taken is in the log, too. */
import { csvLine } from '$lib/components/audit/csv.ts';
import { filterOf } from '$lib/components/audit/filter.ts';
import { deedOf, objectOf } from '$lib/components/audit/words.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../../convex/_generated/api.js';
import type { RequestHandler } from './$types';

const PAGE = 100;
/** More than a spreadsheet shows. The rest is a matter of the filter by day. */
const MOST_EVENTS = 100_000;
const HEADER = ['time', 'actor', 'actor id', 'action', 'what', 'target id', 'address', 'browser'];

export const GET: RequestHandler = async ({ url }) => {
	const filter = filterOf(url);
	return await fromConvex(async (client) => {
		await client.mutation(api.audit.noteExport, {});
		let text = csvLine(HEADER);
		let cursor: string | null = null;
		for (let read = 0; read < MOST_EVENTS; read += PAGE) {
			const paginationOpts = { numItems: PAGE, cursor };
			const answer: Awaited<ReturnType<typeof client.query<typeof api.audit.list>>> = await client.query(
				api.audit.list,
				{ ...filter, paginationOpts }
			);
			for (const event of answer.page) {
				const { at, actor, action, target, ip, userAgent } = event;
				const what = `${deedOf(event)}: ${objectOf(event)}`.replace(/: $/, '');
				const from = [ip ?? '', userAgent ?? ''];
				text += csvLine([
					new Date(at).toISOString(),
					actor.name,
					actor.id ?? '',
					action,
					what,
					target?.id ?? '',
					...from
				]);
			}
			if (answer.isDone) break;
			cursor = answer.continueCursor;
		}
		const name = `plumbline-audit-${new Date().toISOString().slice(0, 10)}.csv`;
		return new Response(text, {
			headers: {
				'content-type': 'text/csv; charset=utf-8',
				'content-disposition': `attachment; filename="${name}"`,
				'cache-control': 'private, no-store'
			}
		});
	});
};
