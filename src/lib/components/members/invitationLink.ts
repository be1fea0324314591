/** The address at which an invitation is accepted. Whoever has it and the invited address can join. */
export function invitationLink(origin: string, id: string): string {
	return new URL(`/invite/${encodeURIComponent(id)}`, origin).href;
}
