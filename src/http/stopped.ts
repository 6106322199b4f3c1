/** Begins the last line of an interrupted export; such a file can't be imported. */
export const STOPPED = '# Export stopped:'
