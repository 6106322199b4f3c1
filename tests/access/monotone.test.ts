import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import { type Built, build, randomPlace } from '#tests/access/places.ts'
import type { Action, Place, Scope } from '#tests/access/reference.ts'
import { MODELS, Trying } from '#tests/access/trying.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

const cases = Number(process.env.AMBIT_CASES ?? (process.env.AMBIT_LONG === '1' ? 2000 : 100))
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const BATCH = 25
const ACTIONS: Action[] = ['read', 'update', 'delete', 'create']
const SCOPES: Scope[] = ['own', 'group', 'all']

/** The same organization, in which whoever asks has one permission more. */
function withMore(place: Place, action: Action, scope: Scope): Place {
  const more = place.permissions.findIndex(
    (one) => one.model === place.model && one.action === action && one.scope === scope,
  )
  return {
    ...place,
    permissions: place.permissions.map((one, index) => (index === more ? { ...one, disabled: false } : one)),
    roles: [...place.roles, { disabled: false, deleted: false, permissions: [more], parents: [] }],
    assignments: [...place.assignments, { user: 0, role: place.roles.length, expired: false }],
  }
}

/** Everything that is in reach of whoever asks. */
async function reached(built: Built, targets: readonly number[]): Promise<Set<string>> {
  const tries = new Trying(built)
  const found = new Set<string>()
  for (const deleted of tries.resource.soft ? [false, true] : [false]) {
    const list = await tries.listed(deleted ? 'deleted=true' : '')
    for (const { id } of list?.data ?? []) found.add(`listed ${built.rows.indexOf(id)}`)
  }
  for (const action of ['create', ...tries.actions] as const)
    for (const target of targets) {
      const verdicts = await tries.tries(action, target)
      for (const [way, verdict] of verdicts.entries())
        if (verdict === 'yes') found.add(`${action} ${way} ${target}`)
    }
  const [, ...others] = targets
  // a conflict counts as reached, and so does what it stood in the way of
  const stuck = new Set<number>()
  for (const of of tries.resource.soft ? (['restore', 'delete'] as const) : (['delete'] as const))
    for (const { target, verdict, refused } of await tries.bulk(of, others)) {
      if (verdict === 'yes' || stuck.has(target)) found.add(`bulk ${of} ${target}`)
      if (of === 'restore' && verdict === 'yes' && refused) stuck.add(target)
    }
  return found
}

test(`a permission more takes nothing away, in ${cases} organizations from AMBIT_SEED=${first}`, async () => {
  let gained = 0
  for (let done = 0; done < cases; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, cases - done) }, (_, index) => first + done + index)
    const places = seeds.map((seed) => {
      const next = random(seed + 1)
      const one = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T
      const place = randomPlace(seed, MODELS[seed % MODELS.length])
      return { place, action: one(ACTIONS), scope: one(SCOPES) }
    })
    const fewer = await build(
      owner,
      places.map(({ place }) => place),
    )
    const more = await build(
      owner,
      places.map(({ place, action, scope }) => withMore(place, action, scope)),
    )
    for (const [i, before] of fewer.entries()) {
      const targets = [...before.rows.keys()].slice(0, 5)
      const was = await reached(before, targets)
      const becomes = await reached(more[i] as Built, targets)
      const { place, action, scope } = places[i] as (typeof places)[number]
      const how = `AMBIT_SEED=${seeds[i]} AMBIT_CASES=1 shows it again: ${place.model}:${action}:${scope}`
      expect(
        [...was].filter((one) => !becomes.has(one)),
        how,
      ).toEqual([])
      gained += becomes.size - was.size
    }
  }
  // else nothing was tried
  expect(gained).toBeGreaterThan(0)
}, 3_600_000)
