// A thread of its own: one hash after the other, beneath everything else that the process does.
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'
import type { Hashed, Hashing } from '#src/platform/hashing.ts'

/** As `nice` counts: a tenth of the processor's time where the other threads want it. */
const BENEATH = 10

// Linux gives each thread a priority; elsewhere this would be that of the whole process
if (process.platform === 'linux') setPriority(Math.max(getPriority(), BENEATH))

parentPort?.on('message', (work: Hashing) => {
  const began = performance.now()
  const made = 'stored' in work ? verifySync(work.stored, work.password) : hashSync(work.password, work.by)
  parentPort?.postMessage({ made, took: performance.now() - began } satisfies Hashed)
})
