/** Where a floating box goes: beside its anchor, turned over when there is no room, never outside the window. */

const GAP = 6;
const MARGIN = 8;

export interface Placement {
	/** Which edge of the anchor the box lines up with. */
	align?: 'start' | 'center' | 'end';
	side?: 'top' | 'bottom';
}

/** Sets `left` and `top` (CSS px, position fixed) of `box` next to `anchor`. */
export function placeBeside(
	anchor: Element,
	box: HTMLElement,
	{ align = 'start', side = 'bottom' }: Placement = {}
): void {
	const a = anchor.getBoundingClientRect();
	const b = box.getBoundingClientRect();
	const below = a.bottom + GAP;
	const above = a.top - GAP - b.height;
	const fitsBelow = below + b.height <= innerHeight - MARGIN;
	const fitsAbove = above >= MARGIN;
	const top = side === 'bottom' ? (fitsBelow || !fitsAbove ? below : above) : fitsAbove || !fitsBelow ? above : below;
	const wanted = align === 'start' ? a.left : align === 'end' ? a.right - b.width : a.left + a.width / 2 - b.width / 2;
	const left = Math.max(MARGIN, Math.min(wanted, innerWidth - MARGIN - b.width));
	box.style.left = `${left}px`;
	box.style.top = `${top}px`;
}
