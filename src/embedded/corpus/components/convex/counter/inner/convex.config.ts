import { defineComponent } from 'convex/server';
import { v } from 'convex/values';
import innermost from '#innermost/convex.config';

const component = defineComponent('inner', { env: { GREETING: v.optional(v.string()) } });
component.use(innermost);
export default component;
