import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import type { Answer } from '#tests/client.ts'
import { makeGroup } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { facets, pageOf } from '#tests/resource/form.ts'
import { Stage, type Stored } from '#tests/resource/stage.ts'

const PEOPLE = 12
const ROWS = 26
const seed = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)

type Member = { group: string; role: 'lead' | 'member' | 'viewer' }
type Somebody = Person & { codes: string[]; groups: Member[] }
type Group = { id: string; parent: Group | null }

/** Lists, records, files and writes agree on who reaches what, for people and rows by chance. */
export function agreement(given: Stage): void {
  const { model } = given
  const next = random(seed)
  const below = (count: number) => Math.floor(next() * count)
  const one = <T>(from: readonly T[]) => from[below(from.length)] as T
  const some = <T>(most: number, make: () => T) => Array.from({ length: below(most + 1) }, make)

  async function groupsByChance({ org }: Stage): Promise<Group[]> {
    const groups: Group[] = []
    for (let n = 0; n < 6; n++) {
      const parent = n && next() < 0.7 ? one(groups) : null
      groups.push({ id: await makeGroup(org, { parent: parent?.id ?? null }), parent })
    }
    return groups
  }

  async function personByChance({ org }: Stage, groups: readonly Group[]): Promise<Somebody> {
    const scopes = ['own', 'group', 'own', 'group', 'all']
    const held = ['read', 'update', 'delete'].flatMap((action) =>
      some(action === 'read' ? 2 : 1, () => `${model}:${action}:${one(scopes)}`),
    )
    const roles = ['lead', 'member', 'viewer'] as const
    const all = some(2, () => ({ group: one(groups).id, role: one(roles) }))
    const members = [...new Map(all.map((each) => [each.group, each])).values()]
    const codes = [...new Set(held)]
    const memberships = members.map(({ group, role }) => ({ id: group, role }))
    const person = await personWith(org, codes, { groups: memberships })
    return { ...person, codes, groups: members }
  }

  /** Who sees each verdict, whatever chance brings. */
  const certain = (codes: string[], { org }: Stage): Promise<Somebody> =>
    personWith(org, codes).then((person) => ({ ...person, codes, groups: [] }))

  /** The rule in plain words: what the application has to agree with. */
  function reaches(by: Somebody, action: string, row: Stored, groups: readonly Group[]): boolean {
    const has = (scope: string) => by.codes.includes(`${model}:${action}:${scope}`)
    const mine = by.groups
      .filter(({ role }) => action === 'read' || role !== 'viewer')
      .map(({ group }) => group)
    let at = groups.find(({ id }) => id === row.owner_group_id) ?? null
    let inMine = false
    for (; at; at = at.parent) inMine ||= mine.includes(at.id)
    return has('all') || (has('own') && row.owner_user_id === by.id) || (has('group') && inMine)
  }
  const may = (by: Somebody, action: string) =>
    by.codes.some((code) => code.startsWith(`${model}:${action}:`))

  test(`random people reach what the rule says, whichever way they ask (AMBIT_SEED=${seed})`, async () => {
    const stage = await Stage.of(given.entity)
    const groups = await groupsByChance(stage)
    const people: Somebody[] = []
    for (let n = 0; n < PEOPLE; n++) people.push(await personByChance(stage, groups))
    const own = await certain([`${model}:read:own`, `${model}:update:own`], stage)
    people.push(
      own,
      await certain([`${model}:read:all`, `${model}:update:own`, `${model}:delete:all`], stage),
    )
    const places = Array.from({ length: ROWS }, () => ({
      owner_user_id: next() < 0.6 ? one(people).id : null,
      owner_group_id: next() < 0.7 ? one(groups).id : null,
    }))
    places.push({ owner_user_id: own.id, owner_group_id: null })
    const ids = await stage.rows(places)
    const gone = ids.slice(0, ROWS).filter(() => next() < 0.2)
    await stage.remove(...gone)
    const rows = await Promise.all(ids.map((id) => stage.stored(id)))
    const seen = new Map<string, number>()
    await stage.untouched(() => Promise.all(people.map((by) => asks(stage, by, rows, groups, seen))))
    for (const verdict of ['read 200', 'read 404', 'update 200', 'update 403', 'update 404', 'delete 412'])
      expect(seen.get(verdict) ?? 0, verdict).toBeGreaterThan(0)
  }, 60_000)

  async function asks(
    stage: Stage,
    by: Somebody,
    rows: Stored[],
    groups: Group[],
    seen: Map<string, number>,
  ) {
    const reach = (action: string, row: Stored) => reaches(by, action, row, groups)
    const program = stage.as(by)
    const note = (action: string, { status }: Answer) =>
      seen.set(`${action} ${status}`, (seen.get(`${action} ${status}`) ?? 0) + 1)
    const same = (what: string, found: unknown, expected: unknown) =>
      expect(found, `AMBIT_SEED=${seed}: ${what} by ${by.codes}`).toEqual(expected)
    for (const row of rows) {
      const path = stage.api(`/${row.id}`)
      const answers = {
        read: await program.get(path),
        update: await program.patch(path, {}),
        // no such version: allowed is a 412
        delete: await program.delete(path, undefined, { 'If-Match': '"0"' }),
      }
      for (const [action, answer] of Object.entries(answers)) {
        note(action, answer)
        const exists = (reach('read', row) || reach(action, row)) && (action === 'read' || !row.deleted_at)
        const done = { read: 200, update: 200, delete: 412 }[action]
        const inside = reach(action, row) ? done : 403
        same(`${action} ${row.id}`, answer.status, !may(by, action) ? 403 : exists ? inside : 404)
      }
    }
    await told()

    /** What they hear beforehand is what they can do. */
    async function told() {
      const actions = ['read', 'update', 'delete']
      const asked = actions.flatMap((action) => rows.map((row) => ({ action, row })))
      const questions = asked.map(({ action, row }) => ({ permission: `${model}:${action}`, record: row.id }))
      const checked = await program.post('/api/v1/access/check', { questions })
      const { answers } = checked.json<{ answers: { allowed: boolean }[] }>()
      const reached = asked.map(({ action, row }) => reach(action, row))
      same(
        'check',
        answers.map(({ allowed }) => allowed),
        reached,
      )
      for (const [i, { action, row }] of asked.entries()) {
        if (i % 5) continue
        const question = new URLSearchParams({ permission: `${model}:${action}`, record: row.id })
        const answer = await program.get(`/api/v1/access/explain?${question}`)
        const exists = reach('read', row) || reach(action, row)
        const found = exists ? answer.json<{ allowed: boolean }>().allowed : answer.status
        same(`why ${action} ${row.id}`, found, exists ? reached[i] : 404)
      }
    }

    if (!may(by, 'read')) return
    const readable = rows.filter((row) => reach('read', row))
    for (const deleted of [false, true]) {
      const query = deleted ? 'limit=200&deleted=true' : 'limit=200'
      const expected = readable.filter((row) => (row.deleted_at !== null) === deleted).map(({ id }) => id)
      const ours = new Set(rows.map(({ id }) => id))
      const { data, page } = await pageOf(stage, by, `?${query}`)
      same('the total', page.total, data.length)
      const ids = data.map(({ id }) => id)
      same(query, ids.filter((id) => ours.has(id)).sort(), expected.sort())
      for (const counted of Object.values(await facets(stage, by, query)))
        same(
          'the facets',
          counted.reduce((sum, { count }) => sum + count, 0),
          data.length,
        )
      const file = await program.get(stage.api(`?${query}&format=csv`))
      const lines = file.text.match(/^[0-9a-f]{8}-[0-9a-f-]{27}(?=,)/gm) ?? []
      same('the file', lines, ids)
    }
  }
}
