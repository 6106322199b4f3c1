import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { enterOrganization, leaveOrganization } from '#src/domains/organizations/entering/actions.ts'
import { entering } from '#src/domains/organizations/entering/model.ts'
import { may, readOrganization } from '#src/domains/organizations/organizations/queries.ts'
import { organizationScreen } from '#src/domains/organizations/organizations/views.tsx'
import { can, post, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

/** Read before: the session is elsewhere afterwards. */
async function nameOf(db: Door, actor: UserActor, id: string): Promise<string> {
  const grant = may(actor).enter ? actor.find('organization:read') : null
  return grant ? (await readOrganization(db, actor, grant, id)).organization().name : 'the organization'
}

export const enteringRoutes = [
  post(
    paths.leaveOrganization,
    signedIn,
    { status: 204, summary: 'Go back to the platform organization', otherStatuses: [409] },
    async ({ db, actor }) => {
      await db.withActor(actor, (tx) => leaveOrganization(tx, actor))
      return {
        status: 204,
        sessionChanged: true,
        location: paths.organization(actor.orgId),
        notice: `You left ${actor.identity.organization.name}`,
      }
    },
  ),

  post(
    paths.enterOrganization(':id'),
    can('organization:enter'),
    {
      body: entering,
      refused: async ({ db, actor, id }, refusal) => {
        const { organization } = await readOrganization(db, actor, actor.require('organization:read'), id())
        return (frame) =>
          organizationScreen({ organization: organization(), may: may(actor), frame, refusal })
      },
      status: 204,
      summary: 'Open a different organization as administrator, for up to 8 hours',
      otherStatuses: [409],
    },
    async ({ db, actor, grant, id, body }) => {
      const name = await nameOf(db, actor, id())
      await db.withActor(actor, (tx) => enterOrganization(tx, actor, grant, id(), body.reason))
      return {
        status: 204,
        sessionChanged: true,
        location: paths.home,
        notice: `You’re now in ${name}.`,
      }
    },
  ),
]
