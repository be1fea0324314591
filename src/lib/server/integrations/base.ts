import type { z } from 'zod';
import type { FetchRequest, MetricsPage, TestContext, TestResult } from '../../../convex/lib/contract.ts';
import type { AuthType, Category } from '../../config/catalogue.ts';
import type { OAuthProviderId } from '../../config/oauth.ts';
import type { MetricDefinition } from '../../metrics/types.ts';

export type { AuthType, Category } from '../../config/catalogue.ts';

/**
 * One service. A subclass says what the service is; how to talk to it lives in `src/convex/integrations/<id>.ts`.
 * Its file name, icon name, config key and id are the same word.
 */
export abstract class BaseIntegration<
	Credentials extends z.ZodObject = z.ZodObject,
	Settings extends z.ZodObject = z.ZodObject
> {
	abstract readonly id: string;
	abstract readonly name: string;
	/** One line: what a reader will see. */
	abstract readonly description: string;
	abstract readonly category: Category;
	abstract readonly authType: AuthType;
	/** Where people sign in when `authType` is `oauth2`: then nothing is pasted, and `context.http` brings the access token. */
	readonly oauthProvider: OAuthProviderId | null = null;
	/** What the person pastes; each field is made with `fields.ts`. Also parses (trims, checks) what was pasted. */
	abstract readonly credentials: Credentials;
	/** What the person chooses after the test; each field is made with `fields.ts` and has a default. */
	abstract readonly settings: Settings;
	abstract readonly metrics: readonly MetricDefinition[];

	/** Really calls the service. Never throws for what the service answered. */
	abstract testConnection(
		credentials: z.infer<Credentials>,
		context: TestContext<z.infer<Settings>>
	): Promise<TestResult>;

	/** Yields pages until the slice is done. Throws IntegrationError when it cannot go on. */
	abstract fetchMetrics(
		credentials: z.infer<Credentials>,
		request: FetchRequest<z.infer<Settings>>
	): AsyncIterable<MetricsPage>;
}
