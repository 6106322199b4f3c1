import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import type { Process } from '#tests/setup/database.ts'

const api = (path: string) => `/api/v1${path}`

/** Asks until an answer came from the cache: no look-up was made for it. */
export async function cached(process: Process, person: Person): Promise<void> {
  const hit = async () => {
    const before = process.db.counted.statements
    await process.rights.identify(person.token)
    return process.db.counted.statements === before
  }
  await expect.poll(hit, { timeout: 5000, interval: 20 }).toBe(true)
}

/** From one second after now at the latest, every request is refused; until then the right may still be there. */
export async function bites(process: Process, ask: (process: Process) => Promise<number>, refused: number) {
  const latest = performance.now() + 1000
  let answer = await ask(process)
  while (answer !== refused && performance.now() < latest) {
    expect(answer).toBe(200)
    await sleep(2)
    answer = await ask(process)
  }
  for (let again = 0; again < 5; again++) {
    expect(await ask(process)).toBe(refused)
    await sleep(20)
  }
}

export const readsSelf = (person: Person) => async (process: Process) =>
  (await as(person, process.app).get(api(paths.usersMe))).status
export const reads = (person: Person, id: string) => async (process: Process) =>
  (await as(person, process.app).get(api(paths.user(id)))).status
