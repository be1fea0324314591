import { sequence } from '@sveltejs/kit/hooks';
import { allowDeployment, refuseForeignWrites } from '$lib/server/webFloor.ts';

export const handle = sequence(refuseForeignWrites, allowDeployment);
