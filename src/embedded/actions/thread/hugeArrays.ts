/**
 * An array longer than this is a table of numbered properties to V8, which `fill` makes one after the other in native
 * code that nothing can end: the thread would be held, and the process with it, until its memory is used up.
 */
const LONGEST_TO_FILL = 2 ** 25;

/** Makes `fill` of a realm's arrays refuse what could never fit into the memory of an action. */
export function refuseHugeFills(arrayPrototype: object, refuse: () => never): void {
	const fill: unknown = Reflect.get(arrayPrototype, 'fill');
	if (typeof fill !== 'function') throw new TypeError('There are no arrays here.');
	const value = function (this: ArrayLike<unknown>, ...args: unknown[]): unknown {
		if (this.length > LONGEST_TO_FILL) refuse();
		return Reflect.apply(fill, this, args);
	};
	Object.defineProperty(value, 'name', { value: 'fill' });
	Object.defineProperty(arrayPrototype, 'fill', { value, writable: true, configurable: true });
}
