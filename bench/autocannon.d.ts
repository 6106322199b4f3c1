/** What the bench uses of autocannon, which brings no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  type Request = { method?: string; path?: string; headers?: Record<string, string>; body?: string }
  export type Options = {
    url: string
    connections: number
    duration: number
    headers?: Record<string, string>
    requests?: (Request & { setupRequest?: (request: Request) => Request })[]
    /** In ms: how often it looks whether the time is over. */
    sampleInt?: number
    timeout?: number
  }
  export type Result = { non2xx: number; errors: number }
  type Run = EventEmitter & Promise<Result> & { stop(): void }
  export default function autocannon(options: Options): Run
}
