'use node';
/** Google's package for reports. A file of its own, so that it is loaded when it is needed, and not with every action. */
export { analyticsdata } from '@googleapis/analyticsdata';
