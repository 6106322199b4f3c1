import { Forbidden, notFound } from '#src/errors.ts'
import '#src/app.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { type Resource, resourceOf } from '#src/resource/entity.ts'
import type { Built } from '#tests/access/places.ts'
import type { Action, Model, Verdict } from '#tests/access/reference.ts'
import { type Answer, Program } from '#tests/client.ts'
import { withDepots } from '#tests/depots/setup.ts'
import type { App } from '#tests/setup/database.ts'

const app = withDepots()
const api = (path: string) => `/api/v1${path}`

export const MODELS: Model[] = [
  'user',
  'group',
  'role',
  'permission',
  'invitation',
  'session',
  'api_key',
  'shelf',
  'parcel',
  'parcel_document',
]

/** Further ways to do something to one record, and the action that each takes. */
const VERBS: { [M in Model]?: [path: (id: string) => string, method: 'post' | 'patch', needs: Action][] } = {
  user: [
    [paths.toggleUser, 'patch', 'update'],
    [paths.inviteUser, 'post', 'create'],
  ],
  role: [[paths.toggleRole, 'patch', 'update']],
  permission: [[paths.togglePermission, 'patch', 'update']],
  invitation: [
    [paths.resendInvitation, 'post', 'update'],
    [paths.revokeInvitation, 'post', 'update'],
  ],
}

/** No version that there is: whoever reaches the record is told so, and nothing is done. */
const NO_VERSION = { 'If-Match': '"0"' }

/** What one answer says about whether the record is there, and in reach: any other rule speaks of what is. */
export function verdictOf({ status, json }: Pick<Answer, 'status' | 'json'>): Verdict {
  if (status === 401) return 'nobody'
  if (status === 404) return 'absent'
  return status === 403 && json<{ detail: string }>().detail === new Forbidden('').message ? 'refused' : 'yes'
}

type Outcome = { id: string; status: 'done' | 'refused'; reason?: string }

/** Somebody in a place, who tries everything with the records of its model. */
export class Trying {
  readonly program: Program
  readonly resource: Resource
  readonly #rows: string[]

  constructor({ token, place, rows }: Built, by: App = app) {
    this.program = new Program(token, by)
    this.resource = resourceOf(place.model) as Resource
    this.#rows = rows
  }

  /** The actions that are taken to a record by its own address. */
  get actions(): Action[] {
    return (['read', 'update', 'delete'] as const).filter((one) => this.resource.model.actions.includes(one))
  }

  /** A path of the entity, and of a record of it. */
  path = (below = '') => api(this.resource.path) + below
  one = (target: number) => this.path(`/${this.#rows[target]}`)

  /** Every way to take an action to a record that changes nothing. */
  async tries(action: Action, target: number): Promise<Verdict[]> {
    const id = this.#rows[target] as string
    const { model } = this.resource
    const verbs = (VERBS[model.name as Model] ?? []).filter(([, , needs]) => needs === action)
    const asked = verbs.map(([path, method]) => this.program[method](api(path(id)), {}, NO_VERSION))
    if (action === 'read') asked.push(this.program.get(this.one(target)))
    if (action === 'update' && model.actions.includes(action))
      asked.push(this.program.patch(this.one(target), {}, NO_VERSION))
    // a session that is ended has no version to ask for
    if (action === 'delete' && model.name !== 'session')
      asked.push(this.program.delete(this.one(target), undefined, NO_VERSION))
    return (await Promise.all(asked)).map(verdictOf)
  }

  restore = (target: number) => this.program.post(`${this.one(target)}/restore`)

  /** A whole list; null where there is none. */
  async listed(query: string): Promise<{ data: { id: string }[]; page: { total: number } } | null> {
    const answer = await this.program.get(this.path(`?limit=200&${query}`))
    return answer.status === 200 ? answer.json() : null
  }

  /** Takes records away, or brings them back, all at once: a verdict for each, and what was done. */
  async bulk(of: 'delete' | 'restore', targets: readonly number[]) {
    const ends: { [model: string]: string } = { session: 'end', api_key: 'revoke' }
    const away = ends[this.resource.model.name] ?? 'delete'
    const ids = targets.map((target) => this.#rows[target] as string)
    const action = of === 'delete' ? away : of
    const answer = await this.program.post(this.path(pathsOf('').bulk), { action, ids })
    const all = answer.status === 200 ? null : verdictOf(answer)
    const results = all ? [] : answer.json<{ results: Outcome[] }>().results
    return targets.map((target) => {
      const { status, reason } = results.find(({ id }) => id === this.#rows[target]) ?? {}
      const verdict =
        reason === notFound().message ? 'absent' : reason === new Forbidden('').message ? 'refused' : 'yes'
      return {
        target,
        verdict: all ?? (verdict as Verdict),
        done: status === 'done',
        refused: status === 'refused',
      }
    })
  }

  /** What they are told beforehand about each action with each record. */
  async checked(actions: readonly Action[]): Promise<boolean[] | null> {
    const questions = actions.flatMap((action) =>
      this.#rows.map((record) => ({ permission: `${this.resource.model.name}:${action}`, record })),
    )
    const answer = await this.program.post(api(paths.access.check), { questions })
    if (answer.status !== 200) return null
    return answer.json<{ answers: { allowed: boolean }[] }>().answers.map(({ allowed }) => allowed)
  }

  async explained(action: Action, target: number): Promise<boolean | Verdict> {
    const [permission, record] = [`${this.resource.model.name}:${action}`, this.#rows[target] as string]
    const answer = await this.program.get(api(paths.access.why({ permission, record })))
    return answer.status === 200 ? answer.json<{ allowed: boolean }>().allowed : verdictOf(answer)
  }
}
