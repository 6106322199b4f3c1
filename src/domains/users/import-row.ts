import { fold } from '#src/db/fold.ts'
import { memberRoles, newUser } from '#src/domains/users/model.ts'
import { name as nameColumn } from '#src/resource/column.ts'

export const groupKinds = ['department', 'team', 'warehouse', 'client'] as const

/** A group as a file names it; the kind may be left away where the name says it all. */
export type GroupName = {
  kind: (typeof groupKinds)[number] | null
  name: string
  role: (typeof memberRoles)[number]
}

/** A row of the file; null where a name or an address is wrong. */
export type Row = {
  line: number
  username: string | null
  email: string | null
  first_name: string
  last_name: string
  roles: string[]
  groups: GroupName[]
}

type FieldError = { field: string; message: string }

const scalars = newUser.shape
const MOST = 100
const MOST_OF_NAME = 100
/** By the rule of every group's name: a file makes those that aren't there. */
const nameOfGroup = nameColumn('Name', { max: MOST_OF_NAME }).input

/** What a row says, by the rules of `POST /users`, and everything that is wrong with it in itself. */
export function readRow(line: number, given: Record<string, string>): { row: Row; errors: FieldError[] } {
  const errors = Object.entries(given).flatMap(([field, value]) => unprintable(field, value))
  const blamed = new Set(errors.map(({ field }) => field))
  const value = (field: 'username' | 'email' | 'first_name' | 'last_name'): string | null => {
    if (blamed.has(field)) return null
    const { data, error } = scalars[field].safeParse(given[field] ?? '')
    if (error) errors.push({ field, message: error.issues[0]?.message ?? 'Check this field' })
    return data ?? null
  }
  const list = (field: 'roles' | 'groups'): string[] => {
    const entries = blamed.has(field) ? [] : parts(given[field] ?? '')
    if (entries.length > MOST) errors.push({ field, message: `Use at most ${MOST} entries` })
    return entries
  }
  const row = {
    line,
    username: value('username'),
    email: value('email'),
    first_name: value('first_name') ?? '',
    last_name: value('last_name') ?? '',
    roles: list('roles'),
    groups: list('groups').flatMap((text) => groupName(text, errors)),
  }
  return { row, errors }
}

function unprintable(field: string, value: string): FieldError[] {
  if (value.includes('\0')) return [{ field, message: 'has a NUL character' }]
  return /\p{Cc}/u.test(value.trim()) ? [{ field, message: 'Remove the control character' }] : []
}

const parts = (cell: string) => [...new Set(cell.split(';').map((part) => part.trim()))].filter(Boolean)

/** `Name`, `kind:Name`, each with `=lead`, `=member` or `=viewer` behind. */
function groupName(text: string, errors: FieldError[]): GroupName[] {
  const [, named = text, role = 'member'] = /^(.*)=\s*([^=]*)$/.exec(text) ?? []
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
  twice(row: Row): { field: (typeof needed)[number]; message: string }[] {
    return needed.flatMap((field) => {
      const value = row[field]
      if (value === null) return []
      const seen = field === 'username' ? fold(value) : value
      const line = this.#lines[field].get(seen)
      if (line !== undefined) return [{ field, message: `is that of line ${line}, too` }]
      this.#lines[field].set(seen, row.line)
      return []
    })
  }
}
