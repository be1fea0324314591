// Made by `npm run generate` from src/lib/server/integrations. Do not edit.

import type { IntegrationId } from '../../config/integrations.ts';
import type { BaseIntegration } from './base.ts';
import { integrationRegistry } from './registry.ts';
import './github.ts';
import './google-analytics.ts';
import './prometheus.ts';
import './sample.ts';
import './stripe.ts';

export { integrationRegistry };

export const integrations: Record<IntegrationId, BaseIntegration> = {
	github: integrationRegistry.get('github'),
	'google-analytics': integrationRegistry.get('google-analytics'),
	prometheus: integrationRegistry.get('prometheus'),
	sample: integrationRegistry.get('sample'),
	stripe: integrationRegistry.get('stripe')
};
