import { text } from 'node:stream/consumers';
import { openPromise } from 'yauzl';

/** The entries of a zip file, as text. */
export async function readArchive(file: string): Promise<Map<string, string>> {
	const zip = await openPromise(file, { lazyEntries: true });
	const entries = new Map<string, string>();
	for await (const entry of zip.eachEntry())
		entries.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
	return entries;
}
