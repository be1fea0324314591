import { enableCompileCache } from 'node:module';
import path from 'node:path';

/** Where Node keeps the code of this program compiled. Anything in it may be removed at any time. */
export function compiledFolder(dataDir: string): string {
	return path.join(dataDir, 'compiled');
}

/** Modules that are imported from here on start faster the next time. Without room for them nothing else changes. */
export function keepCompiled(dataDir: string): void {
	enableCompileCache(compiledFolder(dataDir));
}
