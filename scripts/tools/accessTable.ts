/** notes/ACCESS.md from the table of permissions. */
import { ALL_RIGHTS, ALL_SCOPES, allows, ROLE_TITLES, ROLES, titleOf } from '../../src/lib/config/permissions.ts';

/** The page as Markdown: every right with the roles that have it, and the scopes of API tokens. */
export function accessTable(): string {
	const rows = ALL_RIGHTS.map((right) => {
		const cells = ROLES.map((role) => (allows(role, right) ? 'yes' : ''));
		const scope = ALL_SCOPES.some((one) => one === right) ? 'yes' : '';
		return `| \`${right}\` | ${titleOf(right)} | ${[...cells, scope].join(' | ')} |`;
	});
	return `# Who may do what

Made by \`npm run generate\` from \`src/lib/config/permissions.ts\`. Do not edit.

${ROLES.map((role) => `- **${ROLE_TITLES[role].replace(':', ':**')}`).join('\n')}

| Right | May | ${ROLES.join(' | ')} | API token |
| --- | --- | ${ROLES.map(() => '---').join(' | ')} | --- |
${rows.join('\n')}

A member has one role per workspace. An API token never has more than its scopes, nor more than its maker has at the moment
it is used; it ends when its maker leaves the workspace.
`;
}
