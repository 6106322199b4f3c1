import { sql } from 'kysely'
import { mayPlaceInRow } from '#src/access/placing.ts'
import type { Narrowings } from '#src/resource/references/options.ts'

/** Groups into which somebody may put whom they bring. */
export const groupNarrowings: Narrowings = {
  for: {
    filter: { kind: 'choice', values: ['user', 'invitation'], column: null },
    where: async (_, actor, values) => {
      const placing = values.map((value) =>
        actor.find(value === 'invitation' ? 'invitation:create' : 'user:create'),
      )
      const each = placing.map((grant) => (grant ? mayPlaceInRow(actor, grant, 'groups') : sql`false`))
      return sql`(${sql.join(each, sql` and `)})`
    },
  },
}
