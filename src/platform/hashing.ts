import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Options } from '@node-rs/argon2'
import { root } from '#src/config.ts'
import { Semaphore } from '#src/platform/semaphore.ts'

/** Work for a thread: hash a password, or verify one against a stored hash. */
export type Hashing = { password: string; by: Options } | { password: string; stored: string }
/** `took` is the time of the hash alone, in ms. */
export type Hashed = { made: string | boolean; took: number }

/** Leaves one core to everything else; each thread takes memory, too. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1))
/** About ten seconds of hashing for one thread, the longest acceptable wait. */
const MAX_WAITING = 400

const turns = new Semaphore(THREADS, MAX_WAITING)
const idle: Worker[] = []

/**
 * Hashes or verifies in a thread; the first call starts it.
 * @throws {Busy} if too many are waiting already
 */
export const hashed = (work: Hashing): Promise<Hashed> =>
  turns.take(async () => {
    const thread = idle.pop() ?? start()
    thread.postMessage(work)
    const [answer] = await once(thread, 'message')
    // the thread keeps the process alive only while a hash is pending
    thread.unref()
    idle.push(thread)
    return answer
  })

/** Starts from the source file even in the bundle: a thread needs a file, and this one imports only argon2. */
const start = () =>
  new Worker(join(root, 'src', 'platform', 'hashing-thread.mjs'), {
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
  })
