import { z } from 'zod'
import { nameOfReference } from '#src/resource/entity.ts'
import { type Column, column, type Given, type Kind, orNothing } from '#src/resource/kinds/column.ts'

const kind: Kind = {
  name: 'reference',
  type: 'uuid',
  filter: () => ({ kind: 'uuid' }),
  example: () => '',
  cell: (_, { of = '' }, { row, name }) => ({
    named: (row[nameOfReference(name)] ?? null) as { id: string; name?: string } | null,
    of,
  }),
  control: () => ({ record: true }),
}

/** The id of another record; responses add that record's name if the reader may see it. */
export function reference(label: string, model: string, given: Given = {}): Column {
  const id = z.guid().toLowerCase()
  const input = given.required ? id : orNothing(id)
  return column(kind, label, { output: z.guid().nullable(), initial: null, input }, given, { of: model })
}

/** A record's owners: every business table has these columns, and they always count. */
export const ownership = {
  owner_user_id: reference('Owner', 'user', { listed: false }),
  owner_group_id: reference('Owner group', 'group', { listed: false }),
}
