import { defineComponent } from 'convex/server';
import { v } from 'convex/values';
// The generated types of a component name its children from the app's folder, unless they are no relative import.
import inner from '#inner/convex.config';

const component = defineComponent('counter', {
	env: { GREETING: v.optional(v.string()), STEP: v.optional(v.string()) }
});
component.use(inner, { httpPrefix: '/inner/', env: { GREETING: component.env.GREETING } });
export default component;
