import { expect, test } from 'vitest'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import { type Built, build, randomPlace } from '#tests/access/places.ts'
import {
  type Action,
  decide,
  placed,
  reaches,
  rowsOf,
  scopesOf,
  type Verdict,
} from '#tests/access/reference.ts'
import { stronger } from '#tests/access/strength/reference.ts'
import { MODELS, Trying, verdictOf } from '#tests/access/trying.ts'
import type { Answer } from '#tests/client.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, rights } = await testDatabase()

const cases = Number(process.env.AMBIT_CASES ?? (process.env.AMBIT_LONG === '1' ? 10_000 : 500))
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const BATCH = 50
const AT_ONCE = 5

/** How often each verdict on each action was come to: what never happened was never tested. */
const seen = new Map<string, number>()

/** People in every other organization, and something else in the others. */
const modelOf = (seed: number) => MODELS[seed % 2 ? 0 : (seed / 2) % MODELS.length] ?? 'user'

class Case {
  readonly #seed: number
  readonly #built: Built
  readonly #tries: Trying

  constructor(seed: number, built: Built) {
    this.#seed = seed
    this.#built = built
    this.#tries = new Trying(built)
  }

  async run(): Promise<void> {
    const all = [...this.#built.rows.keys()]
    await this.#listed(all)
    // one of both in each is enough, and takes half the time
    const inBulk = this.#seed % 4 < 2
    if (!inBulk) await this.#agreed(all)
    for (const action of this.#tries.actions) {
      const some = action === 'read' ? all : all.slice(0, 3)
      await Promise.all(some.map((target) => this.#tried(action, target)))
    }
    if (this.#built.place.model === 'user') {
      await Promise.all(all.slice(0, 2).map((target) => this.#tried('create', target)))
      await this.#changed(all)
    }
    if (this.#built.place.model === 'shelf') await this.#placed(all)
    if (!inBulk) return
    // not the session that asks
    const some = this.#built.place.model === 'session' ? all.slice(1, 5) : all.slice(-5)
    await this.#inBulk('delete', some)
    if (!this.#tries.resource.soft) return
    for (const target of some.slice(0, 3)) await this.#restored(target)
    await this.#inBulk('restore', some)
  }

  /** In the list, its total and its file if and only if readable. */
  async #listed(all: number[]): Promise<void> {
    const { rows } = this.#built
    for (const deleted of this.#tries.resource.soft ? [false, true] : [false]) {
      const query = deleted ? 'deleted=true' : ''
      const there = all.filter((target) => (rowsOf(this.#built.place)[target]?.deleted ?? false) === deleted)
      const readable = there.filter((target) => this.#decide('read', target) === 'yes').sort()
      const found = await this.#tries.listed(query)
      const none = ['nobody', 'refused'].includes(this.#decide('read', 0))
      const listed = found?.data.map(({ id }) => rows.indexOf(id)).sort() ?? null
      this.#same('the list', listed, none ? null : readable)
      if (!found) return
      this.#same('the total', found.page.total, readable.length)
      const file = await this.#tries.program.get(this.#tries.path(`?format=csv&${query}`))
      const lines = file.text.trim().split('\r\n').slice(1)
      this.#same('the file', lines.map((line) => rows.indexOf(line.slice(0, 36))).sort(), readable)
      if (this.#built.place.model === 'user')
        await this.#besidePeople(query, found.data as UserRecord[], readable)
    }
  }

  /** The counts of the filter are those of the list; the groups beside a name are one's own, and those one may read. */
  async #besidePeople(query: string, people: UserRecord[], readable: number[]): Promise<void> {
    const { place, users } = this.#built
    const { program, path } = this.#tries
    const facets = await program.get(path(`/facets?${query}`))
    const { status } = facets.json<{ data: Record<string, { value: string; count: number }[]> }>().data
    const counts = ['active', 'invited', 'disabled'].map((value) => ({
      value,
      count: readable.filter((target) => place.users[target]?.status === value).length,
      lower_bound: false,
    }))
    this.#same('the counts', status, counts)
    for (const { id, groups } of people) {
      const target = users.indexOf(id)
      const shown = place.members.filter(
        ({ user, group, later }) =>
          user === target &&
          !later &&
          !place.groups[group]?.deleted &&
          (target === 0 || reaches({ ...place, model: 'group' }, 0, 'read', group)),
      )
      const names = [...new Set(shown.map(({ group }) => `g${group}`))]
      this.#same(`the groups of user ${target}`, groups.map(({ name }) => name).sort(), names.sort())
    }
  }

  /** What is asked beforehand is what is done then. */
  async #agreed(all: number[]): Promise<void> {
    const { place } = this.#built
    const nobody = this.#decide('read', 0) === 'nobody'
    const { actions } = this.#tries
    const expected = actions.map((action) => all.map((target) => reaches(place, 0, action, target)))
    this.#same('check', await this.#tries.checked(actions), nobody ? null : expected.flat())
    const target = all.at(-1) as number
    for (const [i, action] of actions.entries()) {
      const may = expected[i]?.[target] ?? false
      const exists = may || reaches(place, 0, 'read', target)
      const found = await this.#tries.explained(action, target)
      this.#same(`why ${action} ${target}`, found, nobody ? 'nobody' : exists ? may : 'absent')
    }
  }

  async #tried(action: Action, target: number): Promise<void> {
    const expected = inReach(this.#decide(action, target))
    for (const verdict of await this.#tries.tries(action, target))
      this.#told(action, target, verdict, expected)
  }

  /** Made in every depot, and moved there from where it was. */
  async #placed(all: number[]): Promise<void> {
    const { place, depots } = this.#built
    const { program, path, one } = this.#tries
    const said = { yes: [200, 201], refused: [403], unseen: [422] }
    const told = (what: string, answer: Answer, expected: 'yes' | 'refused' | 'unseen') => {
      this.#same(`${what}: ${answer.status}`, said[expected].includes(answer.status), true)
      seen.set(`${what} ${expected}`, (seen.get(`${what} ${expected}`) ?? 0) + 1)
    }
    const may = this.#decide('create', 0)
    for (const [depot, depot_id] of depots.entries()) {
      const made = await program.post(path(), { name: `new ${depot}`, depot_id })
      if (may === 'nobody') this.#same('making', made.status, 401)
      else
        told(
          'made',
          made,
          scopesOf(place, 0, 'create').size === 0 ? 'refused' : placed(place, 0, 'create', depot),
        )
      const target = all.find(
        (row) => this.#decide('update', row) === 'yes' && rowsOf(place)[row]?.above !== depot,
      )
      const row = rowsOf(place)[target ?? -1]
      if (target === undefined || !row) continue
      const expected = placed(place, 0, 'update', depot)
      told('moved', await program.patch(one(target), { depot_id }), expected)
      if (expected === 'yes') row.above = depot
    }
  }

  /** Really changed and deleted, with everything that follows for the others. */
  async #changed(all: number[]): Promise<void> {
    const { program, one } = this.#tries
    for (const target of all.slice(0, 3)) {
      const expected = this.#decide('update', target)
      const answer = await program.patch(one(target), { locale: 'de' })
      this.#told('update', target, strictly(answer), expected)
      this.#over(target, answer, expected)
    }
    for (const target of [0, ...all.slice(-2)]) {
      const expected = this.#decide('delete', target)
      const answer = await program.delete(one(target))
      this.#told('delete', target, strictly(answer), expected)
      this.#over(target, answer, expected)
      const user = this.#built.place.users[target]
      if (user && answer.status === 204) user.deleted = true
    }
  }

  /** Nobody acts on somebody stronger, also within reach. */
  #over(target: number, answer: Answer, expected: Verdict): void {
    const tooStrong = expected === 'yes' && target !== 0 && stronger(this.#built.place, 0, target)
    this.#same(`acting on user ${target}`, answer.status === 403, expected === 'refused' || tooStrong)
    if (expected !== 'yes') return
    const key = tooStrong ? 'over a stronger' : 'over a weaker'
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }

  async #restored(target: number): Promise<void> {
    const expected = inReach(this.#restoring(target))
    const answer = await this.#tries.restore(target)
    this.#told('restore', target, verdictOf(answer), expected)
    rights.clear()
    const row = rowsOf(this.#built.place)[target]
    if (row && answer.status === 200) row.deleted = false
  }

  async #inBulk(of: 'delete' | 'restore', targets: number[]): Promise<void> {
    const back = of === 'restore'
    // by the rights with which it begins, whatever becomes of them on the way
    const expected = new Map(
      targets.map((target) => [target, back ? this.#restoring(target) : this.#decide('delete', target)]),
    )
    const results = await this.#tries.bulk(of, targets)
    // what gave the rights may be among it: not for less than a second that others are told of it
    rights.clear()
    for (const { target, verdict, done } of results) {
      const one = expected.get(target)
      this.#told(`bulk ${of}`, target, verdict, one && inReach(one))
      const row = rowsOf(this.#built.place)[target]
      if (!row || !done) continue
      if (this.#tries.resource.soft) row.deleted = !back
      else if (this.#built.place.model !== 'api_key') row.gone = true
    }
  }

  #told(what: string, target: number, verdict: Verdict | undefined, expected: Verdict | undefined): void {
    this.#same(`${what} of ${this.#built.place.model} ${target}`, verdict, expected)
    const key = `${what} ${verdict}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }

  /** What isn't deleted is restored already, for whoever could delete it; there is nothing to restore for others. */
  #restoring(target: number): Verdict {
    const deleted = rowsOf(this.#built.place)[target]?.deleted === true
    const verdict = this.#decide('delete', target, true)
    const already = !deleted && reaches(this.#built.place, 0, 'delete', target)
    return verdict === 'absent' && already ? 'yes' : verdict
  }

  #decide = (action: Action, target: number, back = false) =>
    decide(this.#built.place, 0, action, target, back)

  #same(what: string, application: unknown, reference: unknown): void {
    const how = `AMBIT_SEED=${this.#seed} AMBIT_CASES=1 shows it again: ${what}\n${JSON.stringify(this.#built.place)}\n`
    expect(application, how).toEqual(reference)
  }
}

/** Where it is not about what comes of it: a conflict is with what is in reach. */
const inReach = (verdict: Verdict): Verdict => (verdict === 'conflict' ? 'yes' : verdict)

/** Of what is really done: that it was, or that it is a conflict. */
const strictly = (answer: Answer): Verdict | undefined =>
  answer.status === 409 ? 'conflict' : answer.status < 300 ? 'yes' : verdictOf(answer)

test(`the application decides as the reference does, in ${cases} organizations from AMBIT_SEED=${first}`, async () => {
  for (let done = 0; done < cases; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, cases - done) }, (_, index) => first + done + index)
    const built = await build(
      owner,
      seeds.map((seed) => randomPlace(seed, modelOf(seed))),
    )
    const waiting = built.map((one, index) => new Case(seeds[index] as number, one))
    const work = async () => {
      for (let one = waiting.pop(); one; one = waiting.pop()) await one.run()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
  if (cases < 500) return
  for (const verdict of ['yes', 'refused', 'unseen']) {
    const count = (seen.get(`made ${verdict}`) ?? 0) + (seen.get(`moved ${verdict}`) ?? 0)
    expect(count, `under a parent: ${verdict}`).toBeGreaterThan(0)
  }
  for (const key of ['over a stronger', 'over a weaker']) expect(seen.get(key) ?? 0, key).toBeGreaterThan(20)
  for (const action of ['read', 'update', 'delete', 'create', 'bulk delete', 'bulk restore', 'restore']) {
    for (const verdict of ['yes', 'absent', 'refused', 'nobody'])
      expect(seen.get(`${action} ${verdict}`) ?? 0, `${action} ${verdict}`).toBeGreaterThan(20)
  }
}, 3_600_000)
