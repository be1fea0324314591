import { query } from '../_generated/server';

export const hello = query({ args: {}, handler: () => 'from a folder' });
export default query({ args: {}, handler: () => 'the default' });
