/** The headers of every answer, whatever it is. Pages bring a Content-Security-Policy of their own (svelte.config.js). */

const YEAR_S = 31_536_000;
/** What Plumbline never asks a browser for. */
const UNUSED = [
	'accelerometer',
	'camera',
	'display-capture',
	'geolocation',
	'gyroscope',
	'microphone',
	'midi',
	'payment',
	'usb'
];

/** By name, in lower case. `secure`: the product is opened through https. */
export function floorHeaders(secure: boolean): Readonly<Record<string, string>> {
	return {
		// For whatever is no page: an icon, a script, an endpoint's answer. Opened by itself it may do nothing.
		'content-security-policy':
			"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
		'cross-origin-opener-policy': 'same-origin',
		'cross-origin-resource-policy': 'same-origin',
		'permissions-policy': UNUSED.map((feature) => `${feature}=()`).join(', '),
		// Not `no-referrer`: browsers would then send `Origin: null` with forms.
		'referrer-policy': 'same-origin',
		'x-content-type-options': 'nosniff',
		'x-frame-options': 'DENY',
		...(secure ? { 'strict-transport-security': `max-age=${YEAR_S}` } : {})
	};
}
