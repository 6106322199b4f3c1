import { expect, test } from 'vitest'
import type { UserRecord } from '#src/domains/users/model.ts'
import { paths } from '#src/paths.ts'
import { type Built, build, randomPlace } from '#tests/access/places.ts'
import { type Action, decide, groupsShown, type Verdict } from '#tests/access/reference.ts'
import { type Answer, Program } from '#tests/client.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, app } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

const cases = Number(process.env.AMBIT_CASES ?? (process.env.AMBIT_LONG === '1' ? 10_000 : 500))
const first = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)
const BATCH = 50
const AT_ONCE = 5

const verdicts: Record<number, Verdict> = {
  200: 'yes',
  204: 'yes',
  401: 'nobody',
  403: 'refused',
  404: 'absent',
  409: 'conflict',
}

/** How often each verdict on each action was come to: what never happened was never tested. */
const seen = new Map<string, number>()

class Case {
  readonly #seed: number
  readonly #built: Built
  readonly #program: Program

  constructor(seed: number, built: Built) {
    this.#seed = seed
    this.#built = built
    this.#program = new Program(built.token, app)
  }

  async run(): Promise<void> {
    const { place, users } = this.#built
    const everybody = [...users.keys()]
    const listed = await this.#lists()
    const got = await Promise.all(
      everybody.map((target) => this.#ask('read', target, (path) => this.#program.get(path))),
    )
    // in the list if and only if readable, by the application alone
    const readable = everybody.filter((target) => got[target] === 'yes')
    this.#same('the lists', listed, got[0] === 'nobody' || got[0] === 'refused' ? null : readable)
    for (const target of everybody.slice(0, 4))
      await this.#ask('update', target, (path) => this.#program.patch(path, { locale: 'de' }))
    for (const target of [0, ...everybody.slice(-3)]) {
      const verdict = await this.#ask('delete', target, (path) => this.#program.delete(path))
      const user = place.users[target]
      if (user && verdict === 'yes') user.deleted = true
    }
  }

  /** Who is listed, among the present and the deleted; null where there is no list. */
  async #lists(): Promise<number[] | null> {
    const { users } = this.#built
    const found: number[] = []
    for (const deleted of [false, true]) {
      const answer = await this.#program.get(`${api(paths.users)}?limit=200${deleted ? '&deleted=true' : ''}`)
      if (answer.status === 401 || answer.status === 403) return null
      const { data, page } = answer.json<{ data: UserRecord[]; page: { total: number } }>()
      this.#same('the total', page.total, data.length)
      const ids = data.map(({ id }) => users.indexOf(id))
      const expected = [...users.keys()].filter(
        (target) =>
          this.#built.place.users[target]?.deleted === deleted && this.#decide('read', target) === 'yes',
      )
      this.#same(deleted ? 'the list of deleted' : 'the list', ids.sort(), expected)
      for (const user of data) this.#beside(user)
      await this.#counted(deleted, expected)
      await this.#exported(deleted, expected)
      found.push(...ids)
    }
    return found.sort()
  }

  /** The groups beside a name: those that the reader may see. */
  #beside({ id, groups }: UserRecord): void {
    const target = this.#built.users.indexOf(id)
    const names = groupsShown(this.#built.place, 0, target).map((group) => `g${group}`)
    this.#same(`the groups of user ${target}`, groups.map(({ name }) => name).sort(), names)
  }

  /** The counts of the filter are those of the list. */
  async #counted(deleted: boolean, expected: number[]): Promise<void> {
    const { users } = this.#built.place
    const answer = await this.#program.get(`${api(paths.users)}/facets${deleted ? '?deleted=true' : ''}`)
    const { status } = answer.json<{ data: Record<string, { value: string; count: number }[]> }>().data
    const counts = ['active', 'invited', 'disabled'].map((value) => ({
      value,
      count: expected.filter((target) => users[target]?.status === value).length,
      lower_bound: false,
    }))
    this.#same('the counts', status, counts)
  }

  /** The file holds whom the list holds. */
  async #exported(deleted: boolean, expected: number[]): Promise<void> {
    const answer = await this.#program.get(`${api(paths.users)}?format=csv${deleted ? '&deleted=true' : ''}`)
    const ids = answer.text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => this.#built.users.indexOf(line.slice(0, 36)))
    this.#same('the file', ids.sort(), expected)
  }

  async #ask(
    action: Action,
    target: number,
    send: (path: string) => Promise<Answer>,
  ): Promise<Verdict | undefined> {
    const expected = this.#decide(action, target)
    const answer = await send(api(paths.user(this.#built.users[target] as string)))
    const verdict = verdicts[answer.status]
    this.#same(`${action} of user ${target} (${answer.status})`, verdict, expected)
    const key = `${action} ${verdict}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
    return verdict
  }

  #decide = (action: Action, target: number) => decide(this.#built.place, 0, action, target)

  #same(what: string, application: unknown, reference: unknown): void {
    const how = `AMBIT_SEED=${this.#seed} AMBIT_CASES=1 shows it again: ${what}\n${JSON.stringify(this.#built.place)}\n`
    expect(application, how).toEqual(reference)
  }
}

test(`the application decides as the reference does, in ${cases} organizations from AMBIT_SEED=${first}`, async () => {
  for (let done = 0; done < cases; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, cases - done) }, (_, index) => first + done + index)
    const built = await build(owner, seeds.map(randomPlace))
    const waiting = built.map((one, index) => new Case(seeds[index] as number, one))
    const work = async () => {
      for (let one = waiting.pop(); one; one = waiting.pop()) await one.run()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
  if (cases < 500) return
  for (const action of ['read', 'update', 'delete']) {
    for (const verdict of ['yes', 'absent', 'refused', 'nobody'])
      expect(seen.get(`${action} ${verdict}`) ?? 0, `${action} ${verdict}`).toBeGreaterThan(20)
  }
}, 3_600_000)
