import { resendInvitation, revokeInvitation } from '#src/domains/people/invitations/actions.ts'
import { invitations } from '#src/domains/people/invitations/model.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'

const changing = can('invitation:update')

/** `POST /invitations/:id/resend` and `…/revoke`. */
export const verbRoutes = [
  post(
    paths.resendInvitation(':id'),
    changing,
    {
      answer: invitations.record,
      otherStatuses: [409, 412],
      summary: 'Resend an invitation with a new link',
    },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => resendInvitation(tx, actor, grant, id(), version))
      return saved(call, invitations, done, 'Invitation resent', paths.home)
    },
  ),

  post(
    paths.revokeInvitation(':id'),
    changing,
    {
      answer: invitations.record,
      otherStatuses: [409, 412],
      summary: 'Revoke an invitation: its link stops working',
    },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => revokeInvitation(tx, actor, grant, id(), version))
      return saved(
        call,
        invitations,
        done,
        'Invitation revoked',
        paths.home,
        'This invitation is already revoked',
      )
    },
  ),
]
