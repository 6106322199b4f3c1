import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type AccessModel, findModel, scopesOf } from '#src/access/model.ts'
import { type Scope, scopes } from '#src/access/permission.ts'
import { type GroupPath, type Present, type Reach, reachOf } from '#src/access/reach.ts'
import {
  type HeldRole,
  mayRead,
  type Named,
  named,
  type Subject,
  type SubjectAccess,
  standing,
  standingOf,
  type Who,
} from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'

/** Asks whether a user may do a model's action: to a record (the first of the ids that exists), or at all. */
export type Question = {
  model: string
  action: string
  record?: readonly string[] | undefined
  /** Limits the question to one scope. */
  scope?: Scope | undefined
}

/** One path from a user to what they may do: an assigned role, its parents, a permission, a match. */
export type Path = {
  role: Named
  inherited: Named[]
  permission: string
  scope: Scope
  /** The column that the scope matched by; null for scope `all`, and without a record. */
  column: string | null
  /** From the group the user is a member of down to the record's group. */
  groups: Named[] | null
}

export type Explanation = {
  subject: Subject
  allowed: boolean
  /** Shortest paths first; empty if and only if access is denied. */
  because: Path[]
  /** Scopes in which the permission is held, whether or not any reaches the record. */
  held: Scope[]
  missing: { permissions: string[]; roles: Named[] } | null
  /** What would grant it but is inactive now: one sentence each. */
  inactive: string[]
}

/** Neither the code nor the organization declares this permission. */
export class UnknownPermission extends Error {}

const MAX_PATHS = 20
const MAX_ROLES = 50
const MAX_SENTENCES = 10

/**
 * Explains why a user may do something, or what they lack, from the same rights that decide requests and the same
 * conditions that make up a Grant's filter.
 * @returns null if there is no such user or record, or the asker may not read it
 * @throws {UnknownPermission}
 */
export async function explain(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  who: Who,
  { model: name, action, record, scope }: Question,
  present: Present,
): Promise<Explanation | null> {
  const permissions = sql<boolean>`p.model = ${name} and p.action = ${action}`
  const asking = { who, permissions, roles: 'leading', visible: mayRead(actor) } as const
  const [row] = await db.readAs(actor, standingOf(actor, asking))
  if (!row) return null
  const found = standing(actor, row)
  const model = findModel(name)
  if (!found.asked.length && !model?.actions.includes(action)) throw new UnknownPermission()
  const about = { name, action, model, within: scope ? [scope] : scopes }
  if (!record) return conclude(found, { ...about, reach: null })
  const statement = model && reachOf(actor, model, action, found, { ids: record, present })
  const [reached] = statement ? await db.readAs(actor, statement.build) : []
  if (!statement || !reached) return null
  return conclude(found, { ...about, reach: statement.read(reached) })
}

type ExplainFacts = {
  name: string
  action: string
  model: AccessModel | undefined
  within: readonly Scope[]
  reach: Reach | null
}

/** How a scope matches a record, with what prevents it. */
type Match = { column: string | null; groups: Named[] | null; obstacles: string[] }
/** Matches by permission code. */
type Matches = ReadonlyMap<string, readonly Match[]>

function conclude(found: SubjectAccess, asked: ExplainFacts): Explanation {
  const { subject, permissions } = found
  const codeOf = (scope: Scope) => `${asked.name}:${asked.action}:${scope}`
  const { within } = asked
  const matches = new Map(within.map((scope) => [codeOf(scope), matchesOf(scope, asked)]))
  const held = within.filter((scope) => permissions.has(codeOf(scope)))
  const reaching = held.map(codeOf).filter((code) => matches.get(code)?.length)
  const allowed = reaching.length > 0 && subject.inactive === null
  const supported = within
    .toReversed()
    .filter((scope) =>
      asked.reach ? matches.get(codeOf(scope))?.length : mayHave(asked, found).includes(scope),
    )
  return {
    subject,
    allowed,
    because: allowed ? pathsOf(found, reaching, matches) : [],
    held: subject.inactive === null ? held : [],
    missing: allowed ? null : missingOf(found, reaching.length ? [] : supported.map(codeOf)),
    inactive: allowed ? [] : [...withheldOf(found, matches), ...inactiveOf(found, asked, matches)],
  }
}

/** The scopes this permission comes in. */
const mayHave = ({ model, action }: ExplainFacts, { asked }: SubjectAccess): string[] =>
  model?.actions.includes(action) ? scopesOf(model) : asked.map(({ scope }) => scope)

function matchesOf(scope: Scope, { reach, action }: ExplainFacts): Match[] {
  if (!reach) return [{ column: null, groups: null, obstacles: [] }]
  return reach.matches
    .filter((way) => way.scope === scope)
    .map(({ column }) => {
      const way = reach.groupPaths.find((path) => path.column === column && !obstaclesOf(path, action).length)
      return { column, groups: scope === 'group' ? (way?.groups ?? []) : null, obstacles: [] }
    })
}

const obstaclesOf = ({ role, groups }: GroupPath, action: string): string[] => [
  ...groups.filter(({ deleted }) => deleted).map((group) => `${The('group', group)} is deleted.`),
  ...(role === 'viewer' && action !== 'read' && groups[0]
    ? [`${The('group', groups[0])} has them as a viewer, which only allows viewing.`]
    : []),
]

const The = (kind: string, { name }: Named) =>
  name === null ? `A ${kind} that you don’t have access to` : `The ${kind} “${name}”`
const scopeOf = (code: string) => code.slice(code.lastIndexOf(':') + 1) as Scope

function pathsOf(
  { subject, roles, assigned }: SubjectAccess,
  codes: readonly string[],
  matches: Matches,
): Path[] {
  const paths = (role: Named, inherited: readonly Named[], code: string) =>
    (matches.get(code) ?? []).map(
      ({ column, groups }): Path => ({
        role: named(role),
        inherited: inherited.map(named),
        permission: code,
        scope: scopeOf(code),
        column,
        groups: groups?.map(named) ?? null,
      }),
    )
  if (subject.shadow) {
    const entered = { id: subject.id, name: 'opened from the platform organization' }
    return codes.flatMap((code) => paths(entered, [], code)).slice(0, MAX_PATHS)
  }
  const assignedNow = assigned.filter(({ holds }) => holds === 'now').map(({ role }) => role)
  const wanted = (role: HeldRole) => codes.filter((code) => role.codes.includes(code))
  return roles
    .chains(assignedNow, (role) => wanted(role).length > 0, {
      passes: ({ active }) => active,
      most: MAX_PATHS,
    })
    .flatMap((chain) => {
      const [first, ...rest] = chain as [HeldRole, ...HeldRole[]]
      return wanted(rest.at(-1) ?? first).flatMap((code) => paths(first, rest, code))
    })
    .sort((a, b) => lengthOf(a) - lengthOf(b))
    .slice(0, MAX_PATHS)
}

const lengthOf = ({ inherited, groups }: Path) => inherited.length + (groups?.length ?? 0)

/** Roles that give one of the permissions that would grant access, narrowest first; only those the asker may see. */
function missingOf({ roles }: SubjectAccess, permissions: string[]): Explanation['missing'] {
  const found = [...roles.nodes].flatMap((role) => {
    const narrowest = permissions.findIndex((code) => roles.gives(role.id).has(code))
    return narrowest < 0 || role.name === null ? [] : [{ narrowest, id: role.id, name: role.name }]
  })
  found.sort((a, b) => a.narrowest - b.narrowest || a.name.localeCompare(b.name, 'en'))
  return { permissions, roles: found.slice(0, MAX_ROLES).map(named) }
}

/** What the user holds but the asking API key doesn't. */
const withheldOf = ({ subject, withheld }: SubjectAccess, matches: Matches): string[] =>
  withheld
    .filter((code) => matches.get(code)?.length)
    .map((code) => `${subject.name} has ${code}, but this API key doesn’t.`)

/** What would grant access if it weren't disabled, deleted, expired or read-only. */
function inactiveOf(
  { subject, roles, assigned, asked }: SubjectAccess,
  about: ExplainFacts,
  matches: Matches,
): string[] {
  const sentences = new Set<string>()
  if (subject.inactive) sentences.add(`${subject.name} ${subject.inactive}.`)
  const beyond = (about.reach?.groupPaths ?? []).map((path): Match => {
    return { column: path.column, groups: path.groups, obstacles: obstaclesOf(path, about.action) }
  })
  const could = (code: string) => {
    const matching = matches.get(code) ?? []
    return about.reach && matches.has(code) && scopeOf(code) === 'group' ? beyond : matching
  }
  const wanted = (role: HeldRole) => role.held.filter((code) => could(code).length > 0)
  const chains = roles.chains(
    assigned.map(({ role }) => role),
    (role) => wanted(role).length > 0,
    { passes: () => true, most: MAX_PATHS },
  )
  for (const chain of chains) {
    const [first] = chain as [HeldRole, ...HeldRole[]]
    const reasons = chain.flatMap((role) => [
      ...(role.deleted ? [`${The('role', role)} is deleted.`] : []),
      ...(role.disabled && !role.deleted ? [`${The('role', role)} is disabled.`] : []),
    ])
    const held = new Set(assigned.flatMap(({ role, holds }) => (role === first.id ? [holds] : [])))
    if (held.has('now')) held.clear()
    if (held.has('later')) reasons.unshift(`${The('role', first)} is assigned, but only from a later date.`)
    else if (held.has('over'))
      reasons.unshift(`${The('role', first)} is assigned, but the assignment has expired.`)
    for (const code of wanted(chain.at(-1) ?? first)) {
      const off = asked.some((one) => one.code === code && one.status !== 'active')
      for (const { obstacles } of could(code))
        for (const sentence of [
          ...reasons,
          ...(off ? [`The permission ${code} is disabled.`] : []),
          ...obstacles,
        ])
          sentences.add(sentence)
    }
  }
  return [...sentences].slice(0, MAX_SENTENCES)
}
