import { compareKeys } from '../values/keys.ts';

/** A treap node: ordered by lower bound, heap-ordered by priority, augmented with the highest upper bound below it. */
interface Node<T> {
	readonly lower: Uint8Array;
	readonly upper: Uint8Array | null;
	/** How often each value was added with these bounds. */
	readonly values: Map<T, number>;
	readonly priority: number;
	maxUpper: Uint8Array | null;
	left: Node<T> | null;
	right: Node<T> | null;
}

/** Half-open key intervals with values. Adding, removing and one answer cost O(log n) each, plus the answers. */
export class IntervalTree<T> {
	#root: Node<T> | null = null;
	#size = 0;

	/** Additions that were not removed. */
	get size(): number {
		return this.#size;
	}

	add(lower: Uint8Array, upper: Uint8Array | null, value: T): void {
		this.#root = insert(this.#root, lower, upper, value);
		this.#size++;
	}

	/** Takes back one addition with the same bounds and value. */
	remove(lower: Uint8Array, upper: Uint8Array | null, value: T): void {
		const node = find(this.#root, lower, upper);
		const count = node?.values.get(value);
		if (node === null || count === undefined) return;
		this.#size--;
		if (count > 1) node.values.set(value, count - 1);
		else node.values.delete(value);
		if (node.values.size === 0) this.#root = removeNode(this.#root, lower, upper);
	}

	/** Adds to `found` the values of every interval that contains the key. */
	stab(key: Uint8Array, found: Set<T>): void {
		stab(this.#root, key, found);
	}
}

function order<T>(lower: Uint8Array, upper: Uint8Array | null, node: Node<T>): number {
	return compareKeys(lower, node.lower) || compareKeys(upper, node.upper);
}

function find<T>(root: Node<T> | null, lower: Uint8Array, upper: Uint8Array | null): Node<T> | null {
	let node = root;
	while (node !== null) {
		const side = order(lower, upper, node);
		if (side === 0) return node;
		node = side < 0 ? node.left : node.right;
	}
	return null;
}

function insert<T>(node: Node<T> | null, lower: Uint8Array, upper: Uint8Array | null, value: T): Node<T> {
	if (node === null) {
		return {
			lower,
			upper,
			values: new Map([[value, 1]]),
			priority: Math.random(),
			maxUpper: upper,
			left: null,
			right: null
		};
	}
	const side = order(lower, upper, node);
	if (side === 0) {
		node.values.set(value, (node.values.get(value) ?? 0) + 1);
		return node;
	}
	if (side < 0) {
		node.left = insert(node.left, lower, upper, value);
		if (node.left.priority > node.priority) return rotateRight(node, node.left);
	} else {
		node.right = insert(node.right, lower, upper, value);
		if (node.right.priority > node.priority) return rotateLeft(node, node.right);
	}
	return update(node);
}

function removeNode<T>(node: Node<T> | null, lower: Uint8Array, upper: Uint8Array | null): Node<T> | null {
	if (node === null) return null;
	const side = order(lower, upper, node);
	if (side === 0) return merge(node.left, node.right);
	if (side < 0) node.left = removeNode(node.left, lower, upper);
	else node.right = removeNode(node.right, lower, upper);
	return update(node);
}

/** Joins two trees, every key of `left` before every key of `right`. */
function merge<T>(left: Node<T> | null, right: Node<T> | null): Node<T> | null {
	if (left === null) return right;
	if (right === null) return left;
	if (left.priority > right.priority) {
		left.right = merge(left.right, right);
		return update(left);
	}
	right.left = merge(left, right.left);
	return update(right);
}

function rotateRight<T>(node: Node<T>, left: Node<T>): Node<T> {
	node.left = left.right;
	left.right = update(node);
	return update(left);
}

function rotateLeft<T>(node: Node<T>, right: Node<T>): Node<T> {
	node.right = right.left;
	right.left = update(node);
	return update(right);
}

function update<T>(node: Node<T>): Node<T> {
	let max = node.upper;
	if (node.left !== null && compareKeys(node.left.maxUpper, max) > 0) max = node.left.maxUpper;
	if (node.right !== null && compareKeys(node.right.maxUpper, max) > 0) max = node.right.maxUpper;
	node.maxUpper = max;
	return node;
}

function stab<T>(node: Node<T> | null, key: Uint8Array, found: Set<T>): void {
	if (node === null || compareKeys(key, node.maxUpper) >= 0) return;
	stab(node.left, key, found);
	if (compareKeys(node.lower, key) > 0) return;
	if (compareKeys(key, node.upper) < 0) for (const value of node.values.keys()) found.add(value);
	stab(node.right, key, found);
}
