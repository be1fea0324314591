/**
 * A mistake of the person who wrote the functions or the schema: the message is shown to them as it is.
 * `code` is a stable word (`InvalidTableName`, `DocumentNotFound`, …) for tests and for the engine.
 */
export class DeveloperError extends Error {
	override readonly name = 'DeveloperError';
	readonly code: DeveloperErrorCode;

	constructor(code: DeveloperErrorCode, message: string) {
		super(message);
		this.code = code;
	}
}

export type DeveloperErrorCode =
	| 'AlreadyDefinedBound'
	| 'BoundsOnMultipleFields'
	| 'DocumentNotFound'
	| 'DocumentTooLarge'
	| 'FieldNotInIndex'
	| 'IndexNotADatabaseIndex'
	| 'IndexNotASearchIndex'
	| 'IndexNotAVectorIndex'
	| 'IndexNotEnabled'
	| 'IndexNotFound'
	| 'InvalidDocument'
	| 'InvalidId'
	| 'InvalidIndexRange'
	| 'InvalidSchema'
	| 'InvalidSearch'
	| 'InvalidTableName'
	| 'InvalidValidator'
	| 'InvalidValue'
	| 'LimitExceeded'
	| 'RaceDetected'
	| 'ReadOnlyTable'
	| 'SchemaAlreadyFailed'
	| 'SchemaAlreadyOverwritten'
	| 'SchemaEnforcement'
	| 'TableNotFound';
