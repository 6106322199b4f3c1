import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { hashed } from '#src/platform/hashing.ts'
import { hashPassword, verifyPassword } from '#src/platform/passwords.ts'
import { Busy, Semaphore } from '#src/platform/semaphore.ts'
import { anonymous, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { db } = await testDatabase()
const person = await makeUser(await makeOrganization())
const CHEAP = { memoryCost: 8, timeCost: 1, parallelism: 1 }

test('a password is hashed and verified in turns, whoever waits', async () => {
  const made = await Promise.all(['a', 'b', 'c'].map((one) => hashPassword(one)))
  const right = await Promise.all(made.map((stored, n) => verifyPassword(stored, 'abc'[n] as string)))
  expect(right).toEqual([true, true, true])
  expect(await Promise.all([verifyPassword(made[0] as string, 'b'), verifyPassword(null, 'a')])).toEqual([
    false,
    false,
  ])
})

test.runIf(process.platform === 'linux')(
  'hashing stands beneath the other threads, which stay as they are',
  async () => {
    const before = getPriority()
    await hashPassword(PASSWORD)
    const nice = readdirSync('/proc/self/task').map((thread) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    })
    expect(getPriority()).toBe(before)
    expect(before).toBeLessThan(10)
    expect(nice.filter((one) => one >= 10).length).toBeGreaterThanOrEqual(1)
    expect(nice.filter((one) => one === before).length).toBeGreaterThan(1)
  },
)

test('what breaks in the thread breaks one hash, and no other', async () => {
  const wrong = hashed({ password: 'x', stored: 'no hash at all' })
  const [broken, right] = await Promise.allSettled([wrong, hashPassword(PASSWORD)])
  expect([broken.status, right.status]).toEqual(['rejected', 'fulfilled'])
  expect(await verifyPassword(await hashPassword(PASSWORD), PASSWORD)).toBe(true)
})

test('a process that has hashed ends by itself, and not before it has', async () => {
  const program = `import { hashPassword } from '#src/platform/passwords.ts'; await hashPassword('y'); console.log(await hashPassword('x'))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 30_000,
  })
  expect(stdout).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})

test('so many wait, and whoever comes then is told to come again', async () => {
  const turns = new Semaphore(1, 2)
  let end = () => {}
  const first = turns.take(() => new Promise<void>((resolve) => (end = resolve)))
  const waiting = [turns.take(async () => 'a'), turns.take(async () => 'b')]
  await expect(turns.take(async () => 'c')).rejects.toBeInstanceOf(Busy)
  end()
  await first
  expect(await Promise.all(waiting)).toEqual(['a', 'b'])
  expect(await turns.take(async () => 'd')).toBe('d')
})

test('while too many sign in, others are told so before anything is done for them', {
  timeout: 60_000,
}, async () => {
  let full = true
  // each comes back at once, so that the queue stays as long as it can be
  const filling = Array.from({ length: 450 }, async () => {
    while (full) await hashed({ password: 'x', by: CHEAP }).catch(() => setImmediate())
  })
  try {
    const failed = () =>
      db.lookup(
        fn.sign_in_lookup<{ lockedMs: number }>({ name: person.username, place_slug: null, device: null }),
      )
    const statuses = new Set<number>()
    for (let n = 0; n < 5; n++) {
      for (const username of [person.username, unique('nobody')]) {
        const answer = await anonymous().post('/api/v1/auth/login', { username, password: 'Wrong-Horse-7' })
        statuses.add(answer.status)
        expect(answer.headers.get('retry-after')).toBe('10')
        expect(answer.json().detail).toMatch(/^Too many people are signing in/)
      }
    }
    expect([...statuses]).toEqual([503])
    expect(
      (await visitor().post(paths.login, { username: person.username, password: PASSWORD })).status,
    ).toBe(503)
    // nobody is locked for it
    expect(await failed()).toMatchObject({ lockedMs: 0 })
  } finally {
    full = false
    await Promise.all(filling)
  }
  const login = { username: person.username, password: PASSWORD }
  expect((await anonymous().post('/api/v1/auth/login', login)).status).toBe(200)
})
