/** What the bench uses of autocannon, which brings no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  type Request = { method?: string; path?: string; headers?: Record<string, string>; body?: string }
  export type Options = {
    url: string
    connections: number
    /** In seconds. */
    duration: number
    headers?: Record<string, string>
    requests?: (Request & { setupRequest?: (request: Request) => Request })[]
    /** Only numbers, without the histograms' aggregate. */
    skipAggregateResult?: boolean
  }
  export type Result = {
    non2xx: number
    errors: number
    timeouts: number
    /** In seconds. */
    duration: number
    statusCodeStats: Record<string, { count: number }>
  }
  type Run = EventEmitter & Promise<Result>
  export default function autocannon(options: Options): Run
}
