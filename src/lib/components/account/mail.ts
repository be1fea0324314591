/** Where a link is found that was sent to an address, as the end of "with the link …". */
export function linkGoesTo(mail: boolean, address: string): string {
	return mail ? `sent to ${address}` : 'in the log of the process that runs Plumbline, since no mail server is set';
}
