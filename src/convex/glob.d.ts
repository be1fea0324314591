/** The one piece of the bundler that tests use: `import.meta.glob`, which hands convex-test every module. */
interface ImportMeta {
	glob(pattern: string | readonly string[]): Record<string, () => Promise<unknown>>;
}
