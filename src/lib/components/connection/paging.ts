/** Runs on the first page of the history: what the server renders and what the browser then keeps live. */
export const RUNS_PER_PAGE = 15;
