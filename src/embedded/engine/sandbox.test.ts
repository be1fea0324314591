import vm from 'node:vm';
import { expect, it } from 'vitest';
import { seededRandom } from './random.ts';
import { createSandbox } from './sandbox.ts';

function refuse(): never {
	throw new Error('Nothing is to be called here.');
}

it('takes Math.random from its host: a seed repeats what user code sees', () => {
	const numbers = (): unknown => {
		const sandbox = createSandbox({
			syscall: refuse,
			asyncSyscall: refuse,
			jsSyscall: refuse,
			now: () => 0,
			random: seededRandom([1, 2, 3, 4]),
			timeOrigin: 0,
			performanceNow: () => 0,
			environment: () => undefined,
			environmentNames: () => [],
			log: refuse,
			allow: refuse
		});
		return vm.runInContext('[Math.random(), Math.random()].join()', sandbox);
	};
	const random = seededRandom([1, 2, 3, 4]);
	expect(numbers()).toBe([random(), random()].join());
	expect(numbers()).toBe(numbers());
});
