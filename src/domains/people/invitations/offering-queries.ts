import { invitationOf } from '#src/domains/people/invitations/model.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import type { Choice } from '#src/resource/references/several.ts'

const query = { for: 'invitation' }

/** The roles and the group that somebody may invite to; what is gone of an invitation's is chosen anew. */
export function givenByInvitation(row?: RecordRow) {
  const was = row && invitationOf(row)
  const had = was?.roles ?? []
  const own = was?.obstacle === 'role' ? [] : had
  const role_ids: Choice = { of: 'role', query, own, values: had.map(({ id }) => id) }
  return { one: { group_id: query }, several: { role_ids } }
}
