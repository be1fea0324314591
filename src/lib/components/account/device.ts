/** What a browser says of itself, in words. Only for people to recognise their devices: anybody can send anything. */

/** First match wins: most browsers also name those that they descend from. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
	[/\bEdg(?:e|A|iOS)?\//, 'Edge'],
	[/\bOPR\/|\bOpera\//, 'Opera'],
	[/\bVivaldi\//, 'Vivaldi'],
	[/\bSamsungBrowser\//, 'Samsung Internet'],
	[/\bFirefox\/|\bFxiOS\//, 'Firefox'],
	[/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//, 'Chrome'],
	[/\bSafari\//, 'Safari']
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
	[/\biPhone\b/, 'iPhone'],
	[/\biPad\b/, 'iPad'],
	[/\bAndroid\b/, 'Android'],
	[/\bWindows\b/, 'Windows'],
	[/\bCrOS\b/, 'ChromeOS'],
	[/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
	[/\bLinux\b|\bX11\b/, 'Linux']
];

/** `Firefox on Windows`, `curl`, or `An unknown device`. */
export function deviceInWords(userAgent: string | null): string {
	const text = userAgent ?? '';
	const browser = nameIn(BROWSERS, text);
	const system = nameIn(SYSTEMS, text);
	if (browser && system) return `${browser} on ${system}`;
	return browser ?? system ?? /^[\w.-]{1,40}(?=\/)/.exec(text)?.[0] ?? 'An unknown device';
}

function nameIn(list: typeof BROWSERS, text: string): string | undefined {
	return list.find(([pattern]) => pattern.test(text))?.[1];
}
