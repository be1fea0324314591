/** A mistake in the file, in words. */
export class ImportRefusal extends Error {
	override readonly name = 'ImportRefusal';
}
