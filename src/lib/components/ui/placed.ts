import type { Attachment } from 'svelte/attachments';

/**
 * Sets style properties of an element through the DOM. For what appears in the browser only, with places that are not
 * known before: a style attribute, as the server would write it, is stopped by the policy of the pages.
 */
export function placed(properties: Readonly<Record<string, string>>): Attachment<HTMLElement> {
	return (element) => {
		for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
	};
}
