import type { Limits } from '../engine/limits.ts';
import type { RuntimeKind } from './thread/protocol.ts';

/** The bounds on the memory of one action (bytes). */
export interface MemoryBounds {
	readonly heap: number;
	readonly buffers: number;
}

export function memoryBounds(runtime: RuntimeKind, limits: Limits): MemoryBounds {
	const { actionHeapBytes: heap, actionBufferBytes: buffers, nodeActionMemoryBytes } = limits;
	return runtime === 'node' ? { heap: nodeActionMemoryBytes, buffers: nodeActionMemoryBytes } : { heap, buffers };
}

export function outOfMemory({ heap }: MemoryBounds): string {
	return `JavaScript execution ran out of memory (maximum memory usage: ${Math.round(heap / 2 ** 20)} MB)`;
}
