import '../../lib/server/integrations/sample.ts';
import { conformance } from './conformance.suite.ts';

conformance({
	id: 'sample',
	fake: null,
	pageSize: 50,
	credentials: () => ({}),
	secret: null,
	settings: {},
	now: Date.parse('2026-11-23T21:30:00Z'),
	startDate: '2025-10-20',
	timeZone: 'Europe/Berlin'
});
