import { UserActor } from '#src/access/actor.ts'
import { RightsCache } from '#src/access/rights.ts'
import { Database } from '#src/db/database.ts'
import { Listener } from '#src/db/listener.ts'
import { user, users } from '#src/domains/people/users/model.ts'
import { defineResource } from '#src/resource/entity.ts'
import { tags } from '#src/resource/kinds/tags.ts'
import { list } from '#src/resource/list/query.ts'
import { recordJson, sourceOf } from '#src/resource/list/source.ts'
import type { BenchDatabase } from '../data/database.ts'
import { type Tested, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import type { ListTimes } from './lists.ts'

const TIMES = 100

/** People as they would be with tags; no entity of the program has any yet, so that the list is asked without HTTP. */
const tagged = defineResource(user, {
  ...users.declared,
  path: '/tagged',
  columns: { ...users.declared.columns, tags: tags('Tags') },
  json: (actor) => recordJson(users, actor),
})

/** The people of a tag that 25 have, and of one that every tenth has. */
export async function measureTags({ appUrl }: BenchDatabase): Promise<ListTimes[]> {
  const db = new Database(appUrl)
  const rights = new RightsCache(db, new Listener(null))
  try {
    const times: ListTimes[] = []
    for (const [label, query, alike] of [
      ['tag of 25 people', 'rare', true],
      ['tag of every tenth, by name', 'common', false],
    ] as const) {
      const of = (organization: Tested) => timesOf(db, rights, organization, query)
      const [medium, huge, large] = [await of('medium'), await of('huge'), await of('large')]
      const [near, far] = [median(medium), median(huge)]
      times.push({
        label,
        alike,
        huge: 1000 / far,
        medium: 1000 / near,
        ratio: near / far,
        p95: late(huge),
        large: late(large),
      })
    }
    return times
  } finally {
    await db.close()
  }
}

/** ms of each list, after some that don't count. */
async function timesOf(
  db: Database,
  rights: RightsCache,
  organization: Tested,
  tag: string,
): Promise<number[]> {
  const identity = await rights.identify(tokenOf(organization, 'token'))
  if (!identity) throw new Error(`nobody in ${organization}`)
  const actor = new UserActor(identity, { via: 'api', requestId: 'bench', ip: null })
  const view = tagged.query.parse({ tags: tag, sort: 'name' })
  const times: number[] = []
  for (let run = -20; run < TIMES; run++) {
    const began = performance.now()
    const found = await list(db, actor, view, sourceOf(tagged, actor.require('user:read'), view, actor))
    if (run >= 0) times.push(performance.now() - began)
    if (found.total === 0) throw new Error(`nobody has the tag ${tag} in ${organization}`)
  }
  return times
}

const late = (times: number[]) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? Number.NaN
