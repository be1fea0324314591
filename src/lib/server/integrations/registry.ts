import type { BaseIntegration } from './base.ts';

/** Every integration there is, by id. Files register themselves when they are imported; `index.ts` imports them all. */
class IntegrationRegistry {
	readonly #byId = new Map<string, BaseIntegration>();

	register(integration: BaseIntegration): void {
		const { id } = integration;
		if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
			throw new Error(`"${id}" is no integration id: use lower-case words and hyphens`);
		if (this.#byId.has(id)) throw new Error(`Two integrations call themselves "${id}"`);
		this.#byId.set(id, integration);
	}

	/** Throws when nothing of that id is registered. */
	get(id: string): BaseIntegration {
		const integration = this.#byId.get(id);
		if (integration === undefined) throw new Error(`There is no integration "${id}"`);
		return integration;
	}

	/** Sorted by id. */
	all(): readonly BaseIntegration[] {
		return [...this.#byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
	}
}

export const integrationRegistry = new IntegrationRegistry();
