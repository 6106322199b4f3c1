import type { Tx } from '#src/db/database.ts'
import { Earlier, needed, type PersonLine, readRow } from '#src/domains/people/import/model.ts'
import { type Giver, type Placed, placed, placesOf } from '#src/domains/people/import/queries.ts'
import { namesTaken, type Where } from '#src/domains/people/import/write-actions.ts'
import type { Clock } from '#src/locale/clock.ts'
import { counted } from '#src/locale/noun.ts'
import type { Field } from '#src/resource/import/columns.ts'
import {
  type Cells,
  type Importer,
  type ImportNote,
  MANY,
  planForMany,
  type Wrong,
} from '#src/resource/import/import.ts'

export type RowErrors = (Wrong & { line: number })[]

/** What may be in a file of people: what an export of them has, as far as it can come back. */
export const peopleFields: readonly Field[] = [
  { name: 'username', label: 'User name', required: true, example: 'ada' },
  { name: 'email', label: 'E-mail', required: true, example: 'ada@example.com' },
  { name: 'first_name', label: 'First name', example: 'Ada' },
  { name: 'last_name', label: 'Last name', example: 'Lovelace' },
  { name: 'status', label: 'Status', example: 'invited' },
  { name: 'kind', label: 'Kind', example: 'person' },
  { name: 'locale', label: 'Language', example: 'en' },
  { name: 'time_zone', label: 'Time zone', example: 'Europe/Vienna' },
  { name: 'roles', label: 'Roles', example: 'member; viewer=2099-12-31T23:00:00Z' },
  { name: 'groups', label: 'Groups', example: 'Sales; team:Night=lead' },
]

/** What differs by who brings people: how far they reach, and what is their business. */
export type Rules = {
  /** Rows that are checked and written together, other than usual. */
  atOnce?: number
  /** By which a day ends. */
  clock: Clock
  giver: (tx: Tx) => Promise<Giver>
  /** Before names are looked up. */
  begin?: (tx: Tx, rows: readonly PersonLine[]) => Promise<void>
  /** What is said where somebody has a name or an address. */
  taken: Record<(typeof needed)[number], Record<Where, string>>
  /** What else speaks against rows. */
  against?: (tx: Tx, list: readonly Placed[]) => Promise<RowErrors>
  write: (tx: Tx, list: readonly Placed[]) => Promise<void>
}

/** People from a file, by one rule for whoever brings them: somebody by a request, or the operator at the machine. */
export class PeopleImporter implements Importer<PersonLine> {
  readonly atOnce: number
  readonly #rules: Rules
  readonly #earlier = new Earlier()
  #giver: Giver | undefined
  #list: Placed[] = []
  #active = 0

  constructor(rules: Rules) {
    this.#rules = rules
    this.atOnce = rules.atOnce ?? MANY
  }

  read(line: number, cells: Cells): { row: PersonLine; wrong: Wrong[] } {
    const { row, errors } = readRow(line, cells, this.#rules.clock)
    if (row.active) this.#active += 1
    const twice = this.#earlier.twice(row)
    for (const { field } of twice) row[field] = null
    return { row, wrong: [...errors, ...twice] }
  }

  async check(tx: Tx, rows: readonly PersonLine[]): Promise<RowErrors> {
    this.#giver ??= await this.#begin(tx)
    await this.#rules.begin?.(tx, rows)
    const { list, errors } = placed(rows, await placesOf(tx, rows, this.#giver))
    this.#list = list
    const taken = await namesTaken(tx, rows)
    const found: RowErrors = rows.flatMap((row) =>
      needed.flatMap((field) => {
        const where = taken[field].get(row[field] ?? '')
        return where ? [{ line: row.line, field, message: this.#rules.taken[field][where] }] : []
      }),
    )
    return [...errors, ...found, ...((await this.#rules.against?.(tx, list)) ?? [])]
  }

  async #begin(tx: Tx): Promise<Giver> {
    await planForMany(tx)
    return this.#rules.giver(tx)
  }

  write(tx: Tx): Promise<void> {
    return this.#rules.write(tx, this.#list)
  }

  notes(): ImportNote[] {
    if (!this.#active) return []
    const are = this.#active === 1 ? 'is' : 'are'
    const people = counted(this.#active, { one: 'active person', many: 'active people' })
    const message = `${people} in the file ${are} imported as invited, without a password, until they accept an invitation.`
    return [{ column: 'status', rows: this.#active, message }]
  }
}
