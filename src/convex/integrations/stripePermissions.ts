/** What a restricted key needs, as Stripe's page for keys names it. */
export const STRIPE_PERMISSIONS = {
	charges: 'Charges and Refunds: Read',
	balanceTransactions: 'Balance transaction sources: Read',
	customers: 'Customers: Read',
	disputes: 'Disputes: Read',
	subscriptions: 'Subscriptions: Read',
	prices: 'Prices: Read',
	coupons: 'Coupons: Read',
	balance: 'Balance: Read'
} as const;
