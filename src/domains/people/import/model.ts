import { z } from 'zod'
import { fold } from '#src/db/fold.ts'
import { kinds, memberRoles, newUser, statuses, users } from '#src/domains/people/users/model.ts'
import { moment } from '#src/http/moment.ts'
import type { Clock } from '#src/locale/clock.ts'
import { oneOf } from '#src/locale/instructions.ts'
import { entriesOf } from '#src/resource/export.ts'
import { name as nameColumn } from '#src/resource/kinds/text.ts'

const groupKinds = ['department', 'team', 'warehouse', 'client'] as const

/** A role as a file names it. */
export type RoleName = { name: string; expires_at: string | null }

/** A group as a file names it; the kind may be left away where the name says it all. */
export type GroupName = {
  kind: (typeof groupKinds)[number] | null
  name: string
  role: (typeof memberRoles)[number]
}

/** A row of the file; null where a name or an address is wrong. */
export type PersonLine = {
  line: number
  username: string | null
  email: string | null
  /** Who could sign in where the file comes from: they come invited. */
  active: boolean
  first_name: string
  last_name: string
  /** null for that of whoever says nothing. */
  locale: string | null
  time_zone: string | null
  roles: RoleName[]
  groups: GroupName[]
}

type FieldError = { field: string; message: string }

const { locale, time_zone } = users.columns
const scalars = {
  ...newUser.shape,
  locale: locale?.input as z.ZodType<string>,
  time_zone: time_zone?.input as z.ZodType<string>,
}
const end = z.iso.datetime({ offset: true })
const MOST = 100
const MAX_OF_NAME = 100
/** By the rule of every group's name: a file makes those that aren't there. */
const nameOfGroup = nameColumn('Name', { max: MAX_OF_NAME }).input

/**
 * What a row says, by the rules of `POST /users`, and everything that is wrong with it in itself.
 * @param clock by which a day ends
 */
export function readRow(
  line: number,
  given: Record<string, string>,
  clock: Clock,
): { row: PersonLine; errors: FieldError[] } {
  const errors = Object.entries(given).flatMap(([field, value]) => unprintable(field, value))
  const blamed = new Set(errors.map(({ field }) => field))
  type Scalar = 'username' | 'email' | 'first_name' | 'last_name' | 'locale' | 'time_zone'
  const value = (field: Scalar): string | null => {
    if (blamed.has(field)) return null
    const { data, error } = scalars[field].safeParse(given[field] ?? '')
    if (error) errors.push({ field, message: error.issues[0]?.message ?? 'Check this field' })
    return data ?? null
  }
  const list = (field: 'roles' | 'groups'): string[] => {
    const entries = blamed.has(field) ? [] : entriesOf(given[field] ?? '')
    if (!entries) {
      errors.push({ field, message: 'Double the quotation mark inside this entry' })
      return []
    }
    if (entries.length > MOST) errors.push({ field, message: `Use at most ${MOST} entries` })
    return entries
  }
  const row = {
    line,
    username: value('username'),
    email: value('email'),
    active: is(given.status) === 'active',
    first_name: value('first_name') ?? '',
    last_name: value('last_name') ?? '',
    locale: given.locale?.trim() ? value('locale') : null,
    time_zone: given.time_zone?.trim() ? value('time_zone') : null,
    roles: list('roles').map((text) => roleName(text, clock)),
    groups: list('groups').flatMap((text) => groupName(text, errors)),
  }
  errors.push(...notInvited(given))
  return { row, errors }
}

const is = (cell = '') => cell.trim().toLowerCase()

function unprintable(field: string, value: string): FieldError[] {
  if (value.includes('\0')) return [{ field, message: 'has a NUL character' }]
  return /\p{Cc}/u.test(value.trim()) ? [{ field, message: 'Remove the control character' }] : []
}

/** Everybody who comes is a person and invited: whoever may not sign in doesn't come back as somebody who may. */
function notInvited({ status = '', kind = '' }: Record<string, string>): FieldError[] {
  const errors: FieldError[] = []
  if (is(status) === 'disabled')
    errors.push({
      field: 'status',
      message: 'is disabled: remove this row, everyone in a file is invited',
    })
  else if (is(status) && !statuses.includes(is(status) as never))
    errors.push({ field: 'status', message: oneOf(statuses.filter((one) => one !== 'disabled')) })
  if (['service', 'service account'].includes(is(kind)))
    errors.push({
      field: 'kind',
      message: 'is a service account: remove this row, only people can be imported',
    })
  else if (is(kind) && !kinds.includes(is(kind) as never))
    errors.push({ field: 'kind', message: oneOf(kinds) })
  return errors
}

/** What stands behind the last `=` of an entry; a name that has one itself ends with one. */
const BEHIND = /^(.*)=\s*([^=]*)$/s

/** `Name`, with the end of a role that has one behind: `=2026-12-31T23:00:00Z`, or `=2026-12-31` for that whole day. */
function roleName(text: string, clock: Clock): RoleName {
  const [, named = '', behind = null] = BEHIND.exec(text) ?? []
  if (behind === '') return { name: named.trim(), expires_at: null }
  if (!moment.safeParse(behind).success) return { name: text, expires_at: null }
  // finer than a clock is: what was exported stays the same
  const instant = end.safeParse(behind).data
  return { name: named.trim(), expires_at: instant ?? clock.moment(behind as string) }
}

/** `Name`, `kind:Name`, each with `=lead`, `=member` or `=viewer` behind. */
function groupName(text: string, errors: FieldError[]): GroupName[] {
  const [, named = text, role = 'member'] = BEHIND.exec(text) ?? []
  const [, kind = null, rest = named] = /^\s*(department|team|warehouse|client)\s*:(.*)$/i.exec(named) ?? []
  const { data, error } = nameOfGroup.safeParse(rest)
  const name = typeof data === 'string' ? data : ''
  const found = memberRoles.find((known) => known === role.toLowerCase())
  const wrong = [
    !found && `has an unknown role ${JSON.stringify(role)} in ${text}: ${memberRoles.join(', ')}`,
    !rest.trim() && `has a group without a name: ${text}`,
    rest.trim() !== '' && error && `has a group whose name ${error.issues[0]?.message}: ${text}`,
  ].filter((message) => typeof message === 'string')
  for (const message of wrong) errors.push({ field: 'groups', message })
  return found && !wrong.length ? [{ kind: kind?.toLowerCase() as GroupName['kind'], name, role: found }] : []
}

/** What nobody goes without, and nobody shares. */
export const needed = ['username', 'email'] as const

/** The user names and addresses of the rows before. */
export class Earlier {
  readonly #lines = { username: new Map<string, number>(), email: new Map<string, number>() }

  /** Those of a row that an earlier one has as well, or one that reads the same. */
  twice(row: PersonLine): { field: (typeof needed)[number]; message: string }[] {
    return needed.flatMap((field) => {
      const value = row[field]
      if (value === null) return []
      const seen = field === 'username' ? fold(value) : value
      const line = this.#lines[field].get(seen)
      if (line !== undefined) return [{ field, message: `same as line ${line}` }]
      this.#lines[field].set(seen, row.line)
      return []
    })
  }
}
