import { sequence } from '@sveltejs/kit/hooks';
import { giveToken } from '$lib/server/pageToken.ts';
import { allowDeployment, refuseForeignWrites } from '$lib/server/webFloor.ts';

export const handle = sequence(refuseForeignWrites, allowDeployment, giveToken);
