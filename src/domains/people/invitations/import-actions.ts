import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Tx } from '#src/db/database.ts'
import { createInvitation } from '#src/domains/people/invitations/actions.ts'
import { invitedEmail } from '#src/domains/people/invitations/model.ts'
import { groupsNamed, rolesNamed } from '#src/domains/people/invitations/queries.ts'
import { invalid } from '#src/errors.ts'
import { entriesOf } from '#src/resource/export.ts'
import {
  type Cells,
  type Importer,
  type Importing,
  type Wrong,
  wrongOf,
} from '#src/resource/import/import.ts'
import { refusalOf } from '#src/resource/record/attempt.ts'

type InvitationLine = { line: number; email: string | null; roles: string[]; group: string }

/** Invitations from a file, which names roles and groups as people do: what is exported comes in again. */
export const invitationsFromFile: Importing<'invitation'> = {
  fields: [
    { name: 'email', label: 'E-mail', required: true, example: 'ada@example.com' },
    { name: 'roles', label: 'Roles', example: 'member; viewer' },
    { name: 'group', label: 'Group', example: 'team:Night' },
    { name: 'status', label: 'Status', example: 'pending' },
    { name: 'user_id', label: 'User id' },
  ],
  importer: (actor, grant) => new InvitationImporter(actor, grant),
}

class InvitationImporter implements Importer<InvitationLine> {
  readonly atOnce = 100
  readonly #actor: UserActor
  readonly #grant: Grant<'invitation', 'create'>
  readonly #known = new Map<string, Promise<string>>()
  readonly #lines = new Map<string, number>()

  constructor(actor: UserActor, grant: Grant<'invitation', 'create'>) {
    this.#actor = actor
    this.#grant = grant
  }

  read(line: number, cells: Cells): { row: InvitationLine; wrong: Wrong[] } {
    const { data, error } = invitedEmail.safeParse(cells.email ?? '')
    const roles = entriesOf(cells.roles ?? '')
    const status = (cells.status ?? '').trim().toLowerCase()
    const wrong: Wrong[] = []
    if (!roles)
      wrong.push({
        field: 'roles',
        message: 'Double the quotation mark inside this entry',
      })
    // what can't be accepted any more doesn't come back as what can
    if (status && status !== 'pending')
      wrong.push({ field: 'status', message: 'must be pending: remove this row' })
    // in a file of invitations stands nothing of what they have
    if (cells.user_id?.trim())
      wrong.push({
        field: 'user_id',
        message: 'is someone who was added already: remove this row, and import them under People',
      })
    const first = this.#lines.get(data ?? '')
    if (data !== undefined && first === undefined) this.#lines.set(data, line)
    const message = error?.issues[0]?.message ?? (first && `same as line ${first}`)
    if (message) wrong.push({ field: 'email', message })
    const email = wrong.length ? null : (data ?? null)
    return { row: { line, email, roles: roles ?? [], group: (cells.group ?? '').trim() }, wrong }
  }

  async check(tx: Tx, rows: readonly InvitationLine[]): Promise<(Wrong & { line: number })[]> {
    const found: (Wrong & { line: number })[] = []
    for (const row of rows) {
      const refused = await refusalOf(tx, () => this.#invite(tx, row))
      const wrong = refused ? wrongOf(refused) : []
      found.push(...wrong.map(({ field, ...rest }) => ({ line: row.line, field: fieldOf(field), ...rest })))
    }
    return found
  }

  /** `check` has made them. */
  async write(): Promise<void> {}

  async #invite(tx: Tx, { email, roles, group }: InvitationLine): Promise<void> {
    const role_ids: string[] = []
    for (const name of roles)
      role_ids.push(await this.#named('roles', name, () => rolesNamed(tx, this.#actor, name)))
    const [, kind = null, name = ''] = /^(?:(department|team|warehouse|client)\s*:)?(.*)$/i.exec(group) ?? []
    const place = { kind: kind?.toLowerCase() ?? null, name: name.trim() }
    const find = () => groupsNamed(tx, this.#actor, place)
    const group_id = group ? await this.#named('group', group, find) : null
    if (email) await createInvitation(tx, this.#actor, this.#grant, { email, role_ids, group_id })
  }

  /** The one that is meant by a name, looked up once for a file. */
  async #named(field: string, name: string, find: () => Promise<string[]>): Promise<string> {
    const key = `${field} ${name}`
    const known = this.#known.get(key) ?? find().then((ids) => onlyOf(ids, field, name))
    this.#known.set(key, known)
    return known
  }
}

function onlyOf([id, ...others]: string[], field: string, name: string): string {
  const label = JSON.stringify(name)
  if (id === undefined) {
    const one = field === 'group' ? 'group' : 'role'
    const message = z.guid().safeParse(name).success
      ? `has a ${one} that was deleted or hidden when this file was exported: ${name}`
      : `has an unknown name ${label}`
    throw invalid([{ path: field, message }])
  }
  if (others.length) throw invalid([{ path: field, message: `has ${label}, which matches several` }])
  return id
}

/** As columns of the file are named. */
const fieldOf = (path: string | null) =>
  path?.startsWith('role_ids') ? 'roles' : path === 'group_id' ? 'group' : path
