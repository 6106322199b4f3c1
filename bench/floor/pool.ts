/** Connections of each server's pool: what Ambit takes by default. */
export const POOL_SIZE = 20
