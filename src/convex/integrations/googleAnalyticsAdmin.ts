'use node';
/** Google's package for properties. A file of its own, so that it is loaded when it is needed, and not with every action. */
export { analyticsadmin } from '@googleapis/analyticsadmin';
