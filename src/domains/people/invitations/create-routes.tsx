import { createInvitation, inviteMany } from '#src/domains/people/invitations/actions.ts'
import {
  type Invited,
  invitations,
  manyAnswer,
  manyInvitations,
  newInvitation,
} from '#src/domains/people/invitations/model.ts'
import { givenByInvitation } from '#src/domains/people/invitations/offering-queries.ts'
import { inviteScreen } from '#src/domains/people/invitations/views.tsx'
import { type Call, can, type Draw, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'
import { pickingsFor } from '#src/resource/references/picking.ts'
import { severalsFor } from '#src/resource/references/several.ts'

const creating = can('invitation:create')

const form = async (
  { db, actor, find }: Pick<Call<typeof creating>, 'db' | 'actor' | 'find'>,
  refusal?: Refusal,
  results?: readonly Invited[],
): Promise<Draw> => {
  const { one, several } = givenByInvitation()
  const [severals, pickings] = await Promise.all([
    severalsFor({ db, actor, find }, several, refusal?.input),
    pickingsFor(db, actor, invitations, { refusal, find, choices: one }),
  ])
  return (frame) => inviteScreen(frame, { severals, pickings, refusal, results })
}

export const createRoute = post(
  paths.invitations,
  creating,
  {
    only: 'json',
    body: newInvitation,
    answer: invitations.record,
    status: 201,
    otherStatuses: [409],
    summary: 'Invite someone, with roles and a group, by e-mail',
  },
  async (call) => {
    const { db, actor, grant, body } = call
    const made = await db.withActor(actor, (tx) => createInvitation(tx, actor, grant, body))
    return { ...saved(call, invitations, made, 'Invited', paths.home), status: 201 }
  },
)

export const createRoutes = [
  get(pathsOf(paths.invitations).new, creating, { only: 'page' }, async (call) => ({
    screen: await form(call),
  })),

  createRoute,

  post(
    paths.manyInvitations,
    creating,
    {
      on: pathsOf(paths.invitations).new,
      body: manyInvitations,
      answer: manyAnswer,
      refused: (call, refusal) => form(call, refusal),
      summary: 'Invite many people to the same roles and group, with a result for each address',
    },
    async (call) => {
      const { db, actor, grant, body, rawBody } = call
      const results = await db.withActor(actor, (tx) => inviteMany(tx, actor, grant, body))
      const refused = results.filter(({ status }) => status === 'refused')
      const done = results.length - refused.length
      const json = { done, refused: refused.length, results }
      const notice = done === 1 ? '1 invitation sent' : `${done} invitations sent`
      if (!refused.length) return { json, location: paths.pendingInvitations, notice }
      const input = { ...rawBody, emails: refused.map(({ email }) => email).join('\n') }
      const refusal = { status: 422, message: '', errors: [], input }
      return { json, screen: async (frame) => (await form(call, refusal, results))(frame) }
    },
  ),
]
