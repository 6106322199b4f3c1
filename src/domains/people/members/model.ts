import { z } from 'zod'
import { normalised } from '#src/domains/accounts/model.ts'
import { role } from '#src/domains/people/groups/model.ts'
import type { memberRoles } from '#src/domains/people/users/model.ts'
import { listQuery } from '#src/resource/list/declaration.ts'

/** Somebody in a group, as JSON and pages know them. */
export type Member = {
  user: { id: string; username: string; name: string }
  role: (typeof memberRoles)[number]
  created_at: string
}

export const membership = z.strictObject({ role })

/** By user name or address, as a form names somebody. */
export const newMember = z.strictObject({
  user: z
    .string('Enter a user name or e-mail')
    .transform(normalised)
    .pipe(z.string().min(1, 'Enter a user name or e-mail').max(254)),
  role: role.default('member'),
})

export const memberAnswer = z
  .strictObject({
    user: z.strictObject({ id: z.guid(), username: z.string(), name: z.string() }),
    role,
    created_at: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'group_member' })

export const memberList = listQuery({
  sorts: { name: ['sort_name', 'text'] },
  defaultSort: 'name',
  filters: {},
})
