/** How the last line of a file begins that broke off; no file with it is imported. */
export const STOPPED = '# Export stopped:'
