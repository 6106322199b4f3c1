import { hash } from '@node-rs/argon2'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { withFactor } from '#tests/accounts/factors.ts'
import { anonymous } from '#tests/client.ts'
import { makeOrganization, makeUser, type NewPerson, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const long = Boolean(process.env.AMBIT_LONG)
const RUNS = long ? 150 : 25
/** Share of the whole by which they may differ: without a hash it would be a tenth of the others. */
const BOUND = long ? 0.3 : 1
/** Milliseconds by which they may in any case; the statements are counted exactly elsewhere. */
const NOISE = long ? 2 : 5

const { owner, anotherProcess } = await testDatabase()
const org = await makeOrganization()
// no name locks while it is measured, and none is mailed about
const patient = await anotherProcess({ LOCKOUT_ATTEMPTS: '1000' })
afterAll(() => patient[Symbol.asyncDispose]())

const account = (person: Person, set: object) =>
  owner.updateTable('accounts').set(set).where('id', '=', person.accountId).execute()

async function person(set: object | null = null, options: NewPerson = {}): Promise<string> {
  const made = await makeUser(org, options)
  if (set) await account(made, set)
  return made.username
}

async function twofold(): Promise<string> {
  const made = await makeUser(org)
  await withFactor(made)
  return made.username
}

/** What else the machine does only adds, and most of all to hashes, which stand beneath it: the quicker ones tell. */
const quartile = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 4)] as number

/** The quartile of each, taken in turns, so that what else the machine does meets them alike. */
async function quartiles(asks: Record<string, () => Promise<unknown>>): Promise<Record<string, number>> {
  const times = Object.fromEntries(Object.keys(asks).map((name) => [name, [] as number[]]))
  for (let run = -2; run < RUNS; run++) {
    for (const [name, ask] of Object.entries(asks)) {
      const begun = performance.now()
      await ask()
      if (run >= 0) times[name]?.push(performance.now() - begun)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, quartile(all)]))
}

function expectAlike(found: Record<string, number>): void {
  const all = Object.values(found)
  const least = Math.min(...all)
  expect(Math.max(...all) - least, JSON.stringify(found)).toBeLessThan(Math.max(BOUND * least, NOISE))
}

test('a wrong password takes as long for every name', { timeout: 300_000 }, async () => {
  const weak = await hash('Battery-Staple-8', { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 })
  const names = {
    known: await person(),
    unknown: unique('nobody'),
    'an unknown address': `${unique('nobody')}@example.com`,
    disabled: await person(null, { status: 'disabled' }),
    'of a disabled account': await person({ status: 'disabled' }),
    'without password': await person({ password_hash: null }),
    locked: await person({ locked_until: sql`now() + interval '1 hour'` }),
    'with a second factor': await twofold(),
    'of long ago': await person({ password_hash: weak }),
  }
  const asks = Object.entries(names).map(([name, username]) => [
    name,
    () => anonymous(patient.app).post('/api/auth/login', { username, password: 'Wrong-Horse-7' }),
  ])
  expectAlike(await quartiles(Object.fromEntries(asks)))
})

test('forgetting a password takes as long for every name', { timeout: 300_000 }, async () => {
  const mailed = async () => {
    // each has its three mails an hour
    const username = await person()
    return () => anonymous(patient.app).post('/api/auth/forgot-password', { username })
  }
  const ask = (username: string) => () =>
    anonymous(patient.app).post('/api/auth/forgot-password', { username })
  const fresh = await Promise.all(Array.from({ length: Math.ceil((RUNS + 2) / 3) }, mailed))
  let turn = 0
  expectAlike(
    await quartiles({
      known: () => (fresh[Math.floor(turn++ / 3)] as () => Promise<unknown>)(),
      unknown: ask(unique('nobody')),
      disabled: ask(await person(null, { status: 'disabled' })),
      'without password': ask(await person({ password_hash: null })),
      'asked for often': ask(await person()),
    }),
  )
})
