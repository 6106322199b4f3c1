/**
 * How long a connection may keep others waiting, in ms: options of `http.createServer`. Whoever sends nothing, or a
 * header a byte at a time, is cut off; a body has its own time (`Intake`), and ends with this.
 */
export const patience = {
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 2000,
} as const
