import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freezing } from '#tests/access/freezing.ts'
import { bites, cached, readsSelf } from '#tests/access/processes.ts'
import { makeOrganization, type Organization } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = here

let org: Organization
let other: Process
beforeAll(async () => {
  org = await makeOrganization()
  other = await here.anotherProcess()
})
afterAll(() => other[Symbol.asyncDispose]())

/** Ends the connections that listeners of this worker's database hold. */
const killListeners = () =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query = 'select pg_backend_pid() as pid'`.execute(owner)

describe('while notices can’t be heard', () => {
  const disable = ({ id }: Person) =>
    owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute()

  test('nothing is served from the cache, and afterwards only what was looked up since', async () => {
    const [person, gone, silent] = await Promise.all([1, 2, 3].map(() => personWith(org, ['user:read:own'])))
    if (!person || !gone || !silent) throw new Error('unreachable')
    for (const one of [person, gone, silent]) await cached(other, one)
    const lost = new Promise<void>((resolve) => other.listener.onLost(resolve))
    await killListeners()
    await lost
    expect(other.listener.alive).toBe(false)
    for (let request = 0; request < 3 && !other.listener.alive; request++) {
      const before = other.db.counted.statements
      expect(await other.rights.identify(person.token)).toMatchObject({ userId: person.id })
      expect(other.db.counted.statements).toBe(before + 1)
    }
    await Promise.all([disable(gone), disable(silent)])
    expect(await readsSelf(gone)(other)).toBe(401)
    expect(await readsSelf(person)(other)).toBe(200)
    await expect.poll(() => other.listener.alive, { timeout: 10_000, interval: 50 }).toBe(true)
    // of whom nobody asked in between: what was remembered before is not believed
    expect(await readsSelf(silent)(other)).toBe(401)
    await cached(other, person)
    await disable(person)
    await bites(other, readsSelf(person), 401)
  })

  test('for a connection that stands still without an end, too', async () => {
    await using way = await freezing(here.appUrl)
    await using frozen = await here.anotherProcess({ DATABASE_LISTEN_URL: way.url })
    const [person, later] = [
      await personWith(org, ['user:read:own']),
      await personWith(org, ['user:read:own']),
    ]
    for (const one of [person, later]) await cached(frozen, one)
    way.freeze()
    await disable(person)
    await bites(frozen, readsSelf(person), 401)
    expect(await readsSelf(later)(frozen)).toBe(200)
    way.thaw()
    await cached(frozen, later)
    await disable(later)
    await bites(frozen, readsSelf(later), 401)
  })

  /** Holds every look-up of rights after it took its snapshot, until `release`. */
  async function held() {
    const release = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const done = owner.transaction().execute(async (tx) => {
      await sql`lock table role_permissions in access exclusive mode`.execute(tx)
      locked.resolve()
      await release.promise
    })
    await locked.promise
    const waiting = async () => {
      const { rows } =
        await sql`select from pg_locks where not granted and relation = 'role_permissions'::regclass
        and database = (select oid from pg_database where datname = current_database())`.execute(owner)
      return rows.length
    }
    return {
      [Symbol.asyncDispose]: async () => {
        release.resolve()
        await done
      },
      waits: (looking: number) =>
        expect.poll(waiting, { timeout: 5000, interval: 10 }).toBeGreaterThanOrEqual(looking),
      release: () => {
        release.resolve()
        return done
      },
    }
  }
  test('what was being looked up when a notice came is not remembered, nor waited for by others', async () => {
    const person = await personWith(org, ['user:read:own'])
    await expect.poll(() => other.listener.alive, { timeout: 5000 }).toBe(true)
    const heard = new Promise<void>((resolve) =>
      other.listener.onNotice((payload) => payload === `u:${person.id}` && resolve()),
    )
    await using lookups = await held()
    const early = other.rights.identify(person.token)
    await lookups.waits(1)
    await disable(person)
    await heard
    const late = other.rights.identify(person.token)
    await lookups.release()
    await early
    expect(await late).toBeNull()
    expect(await other.rights.identify(person.token)).toBeNull()
  })

  test('what was being looked up before they could be heard is not remembered', async () => {
    const person = await personWith(org, ['user:read:own'])
    await using deaf = await here.anotherProcess()
    const lost = new Promise<void>((resolve) => deaf.listener.onLost(resolve))
    await killListeners()
    await lost
    await using lookups = await held()
    const early = deaf.rights.identify(person.token)
    await lookups.waits(1)
    await disable(person)
    await expect.poll(() => deaf.listener.alive, { timeout: 10_000, interval: 50 }).toBe(true)
    await lookups.release()
    await early
    expect(await deaf.rights.identify(person.token)).toBeNull()
  })
})
