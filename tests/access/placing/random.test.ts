import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import { RightsCache } from '#src/access/rights.ts'
import { createApp } from '#src/app.ts'
import { Listener } from '#src/db/listener.ts'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, type Organization } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
// nothing is remembered: each edit is judged by what the one before left
const app = createApp({ ...here, rights: new RightsCache(here.db, new Listener(here.appUrl)) })

const cases = Number(process.env.AMBIT_CASES ?? (process.env.AMBIT_LONG === '1' ? 400 : 20))
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const EDITS = 20

type Role = 'lead' | 'member' | 'viewer'
type State = {
  groups: { id: string; parent_id: string | null; deleted: boolean }[]
  members: { group_id: string; user_id: string; role: string }[]
}
const ACTIONS = ['read', 'update', 'delete']
const MODELS = ['user', 'group']

/** An organization by chance. The first person edits groups and members; the others only have what they have. */
class Place {
  readonly #org: Organization
  readonly #people: readonly Person[]
  readonly #groups: readonly string[]
  readonly #codes: ReadonlyMap<string, ReadonlySet<string>>

  constructor(
    org: Organization,
    people: readonly Person[],
    groups: readonly string[],
    codes: Place['codes'],
  ) {
    this.#org = org
    this.#people = people
    this.#groups = groups
    this.#codes = codes
  }

  get codes() {
    return this.#codes
  }

  static async of(next: () => number): Promise<Place> {
    const below = (count: number) => Math.floor(next() * count)
    const pick = <T>(list: readonly T[]) => list[below(list.length)] as T
    const org = await makeOrganization()
    const groups: string[] = []
    for (let n = 0; n < 6; n++)
      groups.push(await makeGroup(org, { parent: n && next() < 0.6 ? pick(groups) : null }))
    const code = () => `${pick(MODELS)}:${pick(ACTIONS)}:${next() < 0.75 ? 'group' : pick(['all', 'own'])}`
    const some = (most: number) => [...new Set(Array.from({ length: below(most + 1) }, code))]
    const people: Person[] = []
    const codes = new Map<string, Set<string>>()
    for (let n = 0; n < 7; n++) {
      const edits = n ? [] : ['group:read:all', `group:update:${pick(['all', 'group'])}`, 'group:delete:all']
      if (!n && next() < 0.8) edits.push('user:read:all')
      const held = [...new Set([...some(n ? 3 : 5), ...(next() < 0.8 ? edits : [])])]
      const roles = [await makeRole(org, { permissions: held })]
      const role = (): Role => pick(['lead', 'member', 'viewer'] as const)
      const memberships = new Map(Array.from({ length: below(3) + 1 }, () => [pick(groups), role()]))
      const person = await makeUser(org, {
        roles,
        groups: [...memberships].map(([id, role]) => ({ id, role })),
      })
      people.push(person)
      codes.set(person.id, new Set(held))
    }
    return new Place(org, people, groups, codes)
  }

  async state(): Promise<State> {
    const [groups, members] = await Promise.all([
      here.owner.selectFrom('groups').where('org_id', '=', this.#org.id).selectAll().execute(),
      here.owner.selectFrom('group_members').where('org_id', '=', this.#org.id).selectAll().execute(),
    ])
    const all = groups.map(({ id, parent_id, deleted_at }) => ({
      id,
      parent_id,
      deleted: deleted_at !== null,
    }))
    return { groups: all, members }
  }

  /** An edit by chance, as it is sent. */
  edit(next: () => number): { name: string; send: () => Promise<{ status: number }> } {
    const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T
    const by = as(this.#people[0] as Person, app)
    const [group, other, person] = [pick(this.#groups), pick(this.#groups), pick(this.#people)]
    const member = `/api${paths.groupMember(paths.groups, group, person.id)}`
    const one = `/api${paths.group(group)}`
    const dice = next()
    if (dice < 0.45)
      return { name: 'put', send: () => by.put(member, { role: pick(['lead', 'member', 'viewer']) }) }
    if (dice < 0.55) return { name: 'remove', send: () => by.delete(member) }
    if (dice < 0.85)
      return { name: 'move', send: () => by.patch(one, { parent_id: next() < 0.15 ? null : other }) }
    if (dice < 0.91) return { name: 'delete', send: () => by.delete(one) }
    return { name: 'restore', send: () => by.post(`${one}/restore`) }
  }

  /** What somebody reaches, in plain words and slowly: `user:update <id>` for each action and row. */
  reach({ groups, members }: State, user: string): (action: string) => boolean {
    const held = this.#codes.get(user) ?? new Set<string>()
    const beneath = (id: string | null, top: string): boolean => {
      const group = groups.find((one) => one.id === id)
      return group !== undefined && !group.deleted && (id === top || beneath(group.parent_id, top))
    }
    return (question) => {
      const [permission = '', row] = question.split(' ')
      if (held.has(`${permission}:all`)) return true
      if (held.has(`${permission}:own`) && row === user && permission.startsWith('user')) return true
      if (!held.has(`${permission}:group`)) return false
      const reads = permission.endsWith('read')
      const mine = members.filter((one) => one.user_id === user && (reads || one.role !== 'viewer'))
      const places = permission.startsWith('user')
        ? members.filter((one) => one.user_id === row).map((one) => one.group_id)
        : [row as string]
      return mine.some((one) => places.some((place) => beneath(place, one.group_id)))
    }
  }

  /** What anybody gained by an edit that the editor didn't have before. */
  exceeded(before: State, after: State): string[] {
    const editor = this.reach(before, this.#people[0]?.id as string)
    const rows = { user: this.#people.map(({ id }) => id), group: this.#groups }
    const questions = MODELS.flatMap((model) =>
      ACTIONS.flatMap((action) => rows[model as 'user'].map((row) => `${model}:${action} ${row}`)),
    )
    return this.#people.flatMap(({ id }, index) => {
      const [was, is] = [this.reach(before, id), this.reach(after, id)]
      return questions
        .filter((question) => is(question) && !was(question) && !editor(question))
        .map((question) => `person ${index}: ${question}`)
    })
  }
}

test(`no edit of groups gives anybody what the editor lacks, in ${cases} organizations from AMBIT_SEED=${first}`, async () => {
  const seen = new Map<string, number>()
  let gave = 0
  for (let seed = first; seed < first + cases; seed++) {
    const next = random(seed)
    const place = await Place.of(next)
    const log: string[] = []
    let before = await place.state()
    for (let n = 0; n < EDITS; n++) {
      const { name, send } = place.edit(next)
      const { status } = await send()
      log.push(`${name} ${status}`)
      expect(status, `AMBIT_SEED=${seed} AMBIT_CASES=1 shows it again`).toBeLessThan(500)
      const key = `${name} ${status < 300 ? 'done' : status === 403 ? 'refused' : 'else'}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
      if (status >= 300) continue
      const after = await place.state()
      expect(
        place.exceeded(before, after),
        `AMBIT_SEED=${seed} AMBIT_CASES=1 shows it again: ${log.join(', ')}`,
      ).toEqual([])
      if (JSON.stringify(after) !== JSON.stringify(before)) gave++
      before = after
    }
  }
  if (cases < 20) return
  expect(gave).toBeGreaterThan(cases)
  for (const name of cases < 200 ? ['put', 'move'] : ['put', 'move', 'restore'])
    for (const verdict of ['done', 'refused'])
      expect(seen.get(`${name} ${verdict}`) ?? 0, `${name} ${verdict}`).toBeGreaterThan(2)
}, 3_600_000)
