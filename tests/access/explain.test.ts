import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import type { UserActor } from '#src/access/actor.ts'
import { check } from '#src/access/check.ts'
import { type Explanation, explain, type Path } from '#src/access/explain.ts'
import type { Permission } from '#src/access/permission.ts'
import { paths } from '#src/paths.ts'
import { actorWith } from '#tests/access/actors.ts'
import { type Built, build, randomPlace } from '#tests/access/places.ts'
import { type Action, type Place, reaches, type Scope } from '#tests/access/reference.ts'
import { Program } from '#tests/client.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, app, db } = await testDatabase()

const cases = Number(process.env.AMBIT_CASES ?? (process.env.AMBIT_LONG === '1' ? 10_000 : 500))
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const BATCH = 50
const AT_ONCE = 5
const ACTIONS: Action[] = ['read', 'update', 'delete']
const SCOPES: Scope[] = ['own', 'group', 'all']

const everything = () => sql<boolean>`true`
const AUDITOR = ['permission:read:all', 'user:read:all', 'role:read:all', 'group:read:all']

/** The same organization with a change. */
const changed = (place: Place, change: (copy: Place) => void): Place => {
  const copy = structuredClone(place)
  change(copy)
  return copy
}

/** The same organization with one more role for a person, which holds what is given. */
const withRole = (place: Place, user: number, action: Action, scope: Scope): Place => ({
  ...place,
  permissions: [...place.permissions, { model: 'user', action, scope, disabled: false }],
  roles: [
    ...place.roles,
    { disabled: false, deleted: false, permissions: [place.permissions.length], parents: [] },
  ],
  assignments: [...place.assignments, { user, role: place.roles.length, expired: false }],
})

/** Everything in it awake: what `asleep` has to speak of is what makes a difference here. */
const woken = (place: Place) =>
  changed(place, (copy) => {
    for (const group of copy.groups) group.deleted = false
    for (const one of copy.permissions) one.disabled = false
    for (const role of copy.roles) Object.assign(role, { disabled: false, deleted: false })
    for (const one of copy.assignments) Object.assign(one, { expired: false, later: false })
    for (const one of copy.members) one.role = 'member'
  })

/** What happens often enough to be tested. */
const seen = new Map<string, number>()
const see = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)

class Case {
  readonly #seed: number
  readonly #built: Built
  readonly #auditor: UserActor

  constructor(seed: number, built: Built) {
    this.#seed = seed
    this.#built = built
    this.#auditor = actorWith(built.org, randomUUID(), AUDITOR)
  }

  async run(): Promise<void> {
    const { place, users } = this.#built
    const everybody = [...users.keys()]
    const next = random(this.#seed + 1)
    const another = 1 + Math.floor(next() * (users.length - 1))
    for (const user of [0, another]) {
      const questions = ACTIONS.flatMap((action) => everybody.map((target) => ({ action, target })))
      // of the second person a few: the first is who most is made for
      const asked = questions.filter(
        ({ action }) => (user === 0 && action === 'read') || next() < (user === 0 ? 0.4 : 0.2),
      )
      const verdicts = await Promise.all(
        asked.map(({ action, target }) => this.#explain(user, action, target)),
      )
      const checked = await check(
        db,
        this.#auditor,
        users[user] as string,
        asked.map(({ action, target }) => ({
          permission: `user:${action}`,
          record: users[target] as string,
        })),
        everything,
      )
      this.#same(`check about user ${user}`, checked, verdicts)
      await this.#enforced(user, asked, verdicts)
      await this.#atAll(user, ACTIONS[Math.floor(next() * ACTIONS.length)] as Action, place)
    }
  }

  async #explain(user: number, action: Action, target: number): Promise<boolean> {
    const { place, users } = this.#built
    const what = `${action} of user ${target} by user ${user}`
    const question = { model: 'user', action, record: [users[target] as string] }
    const found = await explain(db, this.#auditor, { id: users[user] as string }, question, everything)
    if (!found) throw new Error(`${what}: no answer, with seed ${this.#seed}`)
    const awake = place.users[user]?.status === 'active' && !place.users[user]?.deleted
    this.#same(what, found.allowed, awake && reaches(place, user, action, target))
    this.#same(`${what}: because`, found.because.length > 0, found.allowed)
    for (const path of found.because) this.#exists(what, path, user, action, target)
    see(found.allowed ? `because ${found.because[0]?.scope}` : `not ${awake ? 'allowed' : 'awake'}`)
    if (!found.allowed) this.#lacks(what, found, awake, user, action, target)
    return found.allowed
  }

  /** Every step of a path is there, awake, and leads to the next. */
  #exists(what: string, path: Path, user: number, action: Action, target: number): void {
    const { place } = this.#built
    const [assigned, ...above] = [path.role, ...path.inherited].map(({ name }) => Number(name?.slice(1)))
    const holds = place.assignments.some(
      (one) => one.user === user && one.role === assigned && !one.expired && !one.later,
    )
    const chain = [assigned as number, ...above]
    const inherits = chain.every(
      (role, i) => i === 0 || place.roles[chain[i - 1] as number]?.parents.includes(role),
    )
    const rolesWake = chain.every((role) => !place.roles[role]?.disabled && !place.roles[role]?.deleted)
    const permission = place.permissions.findIndex(
      (one) => `user:${one.action}:${one.scope}` === path.permission,
    )
    const given = place.roles[chain.at(-1) as number]?.permissions.includes(permission)
    const { scope, disabled, action: of } = place.permissions[permission] ?? {}
    const permissionWakes = disabled === false && of === action && scope === path.scope
    const groups = path.groups?.map(({ name }) => Number(name?.slice(1))) ?? []
    const matches = this.#matches(path, groups, user, action, target)
    const steps = { holds, inherits, rolesWake, given, permissionWakes, matches }
    const all = {
      holds: true,
      inherits: true,
      rolesWake: true,
      given: true,
      permissionWakes: true,
      matches: true,
    }
    this.#same(`${what}: the path ${JSON.stringify(path)}`, steps, all)
    if (above.length) see('inherited')
    if (groups.length > 1) see('a path of groups')
  }

  #matches(path: Path, groups: number[], user: number, action: Action, target: number): boolean {
    const { place } = this.#built
    const row = place.users[target]
    if (path.scope === 'all') return path.column === null && path.groups === null
    if (path.scope === 'own')
      return path.groups === null && (path.column === 'id' ? user === target : row?.ownerUser === user)
    const [top, bottom] = [groups[0], groups.at(-1)]
    const member = place.members.some(
      (one) =>
        one.user === user && !one.later && one.group === top && (action === 'read' || one.role !== 'viewer'),
    )
    const down = groups.every((group, i) => i === 0 || place.groups[group]?.parent === groups[i - 1])
    const awake = groups.length > 0 && groups.every((group) => place.groups[group]?.deleted === false)
    const ends =
      path.column === 'owner_group_id'
        ? row?.ownerGroup === bottom
        : place.members.some((one) => one.user === target && !one.later && one.group === bottom)
    return member && down && awake && ends
  }

  /** What is said to be missing would bring it, and nothing else would; so for roles, and for what sleeps. */
  #lacks(
    what: string,
    found: Explanation,
    awake: boolean,
    user: number,
    action: Action,
    target: number,
  ): void {
    const { place } = this.#built
    const { permissions = [], roles = [] } = found.missing ?? {}
    const held = reaches(place, user, action, target)
    const brings = (scope: Scope) => reaches(withRole(place, user, action, scope), user, action, target)
    const expected = held ? [] : SCOPES.filter(brings).map((scope) => `user:${action}:${scope}`)
    this.#same(`${what}: missing`, permissions, expected)
    const gives = (role: number) => {
      const others = place.assignments.filter((one) => one.user !== user || one.role !== role)
      const assignments = [...others, { user, role, expired: false }]
      return reaches({ ...place, assignments }, user, action, target)
    }
    const giving = held ? [] : [...place.roles.keys()].filter(gives).map((role) => `r${role}`)
    this.#same(`${what}: roles that give it`, roles.map(({ name }) => name).sort(), giving.sort())
    if (giving.length) see('a role would give it')
    const sleeps = !awake || reaches(woken(place), user, action, target)
    this.#same(`${what}: inactive (${found.inactive})`, found.inactive.length > 0, sleeps)
    if (awake && sleeps) see('asleep')
  }

  /** What requests of that person really get: by HTTP where they have a session, else by their Grant's filter. */
  async #enforced(user: number, asked: { action: Action; target: number }[], verdicts: boolean[]) {
    const { place, users, org, token } = this.#built
    const awake = place.users[user]?.status === 'active' && !place.users[user]?.deleted
    const { rows } = await sql<{
      rights: { permissions: string[]; readGroups: string[]; writeGroups: string[] }
    }>`
      select app.rights(${org}, ${users[user]}) as rights`.execute(owner)
    const { permissions, readGroups, writeGroups } = rows[0]?.rights ?? {
      permissions: [],
      readGroups: [],
      writeGroups: [],
    }
    const actor = actorWith(org, users[user] as string, awake ? permissions : [], readGroups, writeGroups)
    for (const action of ACTIONS) {
      const grant = actor.find(`user:${action}` as Permission)
      const reached = grant
        ? await db.readAs(actor, (q) => q.selectFrom('users').where(grant.where()).select('id'))
        : []
      for (const [i, one] of asked.entries()) {
        const reaches = reached.some(({ id }) => id === users[one.target])
        if (one.action === action)
          this.#same(`the filter for ${action} of ${one.target}`, verdicts[i], reaches)
      }
    }
    if (user !== 0) return
    const program = new Program(token, app)
    await Promise.all(
      asked.map(async ({ action, target }, i) => {
        if (action !== 'read') return
        const record = users[target] as string
        const got = await program.get(`/api/v1${paths.user(record)}`)
        this.#same(`GET of user ${target}`, got.status === 200, verdicts[i])
        // and by themselves: yes, or not even there
        const own = await program.get(`/api/v1${paths.access.why({ permission: 'user:read', record })}`)
        const answer = own.status === 200 ? own.json<{ allowed: boolean }>().allowed : own.status
        this.#same(`their own question about user ${target}`, answer, !awake ? 401 : verdicts[i] ? true : 404)
      }),
    )
  }

  /** Without a record: whether the permission is held in any scope. */
  async #atAll(user: number, action: Action, place: Place): Promise<void> {
    const id = this.#built.users[user] as string
    const awake = place.users[user]?.status === 'active' && !place.users[user]?.deleted
    const found = await explain(db, this.#auditor, { id }, { model: 'user', action }, everything)
    const [checked] =
      (await check(db, this.#auditor, id, [{ permission: `user:${action}` }], everything)) ?? []
    const apart = changed(place, (copy) => {
      copy.groups = [{ parent: null, deleted: false }]
      copy.members = [{ user, group: 0, role: 'member' }]
      for (const one of copy.users) Object.assign(one, { ownerUser: user, ownerGroup: 0 })
    })
    const held = awake && reaches(apart, user, action, user)
    this.#same(`${action} at all by user ${user}`, [found?.allowed, checked], [held, held])
  }

  #same(what: string, application: unknown, reference: unknown): void {
    // said only where it is needed: this runs a hundred thousand times
    if (isDeepStrictEqual(application, reference)) return
    const how = `AMBIT_SEED=${this.#seed} AMBIT_CASES=1 shows it again: ${what}\n${JSON.stringify(this.#built.place)}\n`
    expect(application, how).toEqual(reference)
  }
}

test(`what is explained is what is enforced, in ${cases} organizations from AMBIT_SEED=${first}`, async () => {
  for (let done = 0; done < cases; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, cases - done) }, (_, index) => first + done + index)
    const built = await build(
      owner,
      seeds.map((seed) => randomPlace(seed)),
    )
    const waiting = built.map((one, index) => new Case(seeds[index] as number, one))
    const work = async () => {
      for (let one = waiting.pop(); one; one = waiting.pop()) await one.run()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
  if (cases < 500) return
  for (const what of [
    'because own',
    'because group',
    'because all',
    'not allowed',
    'not awake',
    'inherited',
    'a path of groups',
    'a role would give it',
    'asleep',
  ])
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(20)
}, 3_600_000)
