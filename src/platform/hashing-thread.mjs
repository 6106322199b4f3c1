// A thread of its own: one hash after the other, beneath everything else that the process does. Plain JavaScript, since
// stripping types would cost each thread 16 MB and a quarter of a second.
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

/** As `nice` counts: a tenth of the processor's time where the other threads want it. */
const BENEATH = 10

// Linux gives each thread a priority; elsewhere this would be that of the whole process
if (process.platform === 'linux') setPriority(Math.max(getPriority(), BENEATH))

parentPort?.on('message', ({ password, by, stored }) => {
  const began = performance.now()
  const made = stored === undefined ? hashSync(password, by) : verifySync(stored, password)
  parentPort?.postMessage({ made, took: performance.now() - began })
})
