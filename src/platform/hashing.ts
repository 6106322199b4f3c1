import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Options } from '@node-rs/argon2'
import { root } from '#src/config.ts'
import { Semaphore } from '#src/platform/semaphore.ts'

/** What a thread is asked for: a hash, or whether a password is that of a stored one. */
export type Hashing = { password: string; by: Options } | { password: string; stored: string }
/** `took` is the time of the hash alone, in ms. */
export type Hashed = { made: string | boolean; took: number }

/** A core is left to everybody else; each thread takes memory, too. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1))
/** About ten seconds of hashing for one thread: nobody waits longer. */
const MAX_WAITING = 400

const turns = new Semaphore(THREADS, MAX_WAITING)
const idle: Worker[] = []

/**
 * Does it in a thread, which is started with the first one.
 * @throws {Busy} where too many wait already
 */
export const hashed = (work: Hashing): Promise<Hashed> =>
  turns.take(async () => {
    const thread = idle.pop() ?? start()
    thread.postMessage(work)
    const [answer] = await once(thread, 'message')
    // the process lives as long as somebody listens for a hash, and no longer
    thread.unref()
    idle.push(thread)
    return answer
  })

/** From the source, in the bundle too: a thread wants a file, and this one nothing but argon2. */
const start = () =>
  new Worker(join(root, 'src', 'platform', 'hashing-thread.mjs'), {
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
  })
