/** The functions of `corpus/convex/ledger.ts` that histories are made of, on plain data. */

export type LedgerCall =
	| { readonly call: 'transfer'; readonly args: { readonly from: string; readonly to: string; readonly by: number } }
	| { readonly call: 'append'; readonly args: { readonly list: string; readonly item: string } }
	| { readonly call: 'withdraw'; readonly args: { readonly from: string; readonly by: number } };

export interface LedgerQuestion {
	readonly accounts: readonly string[];
	readonly lists: readonly string[];
}

export class Ledger {
	readonly #accounts = new Map<string, number>();
	readonly #lists = new Map<string, string[]>();

	/** The answer, or null when it is refused and nothing has changed. */
	apply({ call, args }: LedgerCall): unknown {
		switch (call) {
			case 'transfer':
				return [this.#add(args.from, -args.by), this.#add(args.to, args.by)];
			case 'append':
				this.#lists.set(args.list, [...this.#items(args.list), args.item]);
				return this.#items(args.list);
			case 'withdraw':
				if (this.#balance(args.from) < args.by) return null;
				this.#add('bank', args.by);
				return this.#add(args.from, -args.by);
		}
	}

	answer({ accounts, lists }: LedgerQuestion) {
		return { accounts: accounts.map((name) => this.#balance(name)), lists: lists.map((list) => this.#items(list)) };
	}

	#balance(name: string): number {
		return this.#accounts.get(name) ?? 0;
	}

	#items(list: string): string[] {
		return this.#lists.get(list) ?? [];
	}

	#add(name: string, by: number): number {
		this.#accounts.set(name, this.#balance(name) + by);
		return this.#balance(name);
	}
}
