import type { UserActor } from '#src/access/actor.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { renewed } from '#src/domains/accounts/session-rotation.ts'
import { detachAccount, placesOf, switchOrganization } from '#src/domains/accounts/switching/actions.ts'
import { placesAnswer, switching } from '#src/domains/accounts/switching/model.ts'
import { placesScreen } from '#src/domains/accounts/switching/views.tsx'
import { renewable } from '#src/domains/accounts/tokens/actions.ts'
import { tokensAnswered } from '#src/domains/accounts/tokens/answer.ts'
import { tokenAnswer } from '#src/domains/accounts/tokens/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Call, type Draw, get, post, type Refusal, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

type OwnCall = Pick<Call, 'db'> & { actor: UserActor }

async function page({ db, actor }: OwnCall, refusal?: Refusal): Promise<Draw> {
  const places = await placesOf(db, actor)
  const { organization, home } = actor.identity
  return (frame) => placesScreen({ frame, places, here: organization.id, away: home !== null, refusal })
}

export const switchRoutes = [
  get(
    paths.switchOrganization,
    signedIn,
    { answer: placesAnswer, summary: 'List the organizations you’re a member of' },
    async (call) => {
      const { organizations, managedBy } = await placesOf(call.db, call.actor)
      const data = organizations.map((place) => ({ ...place, current: place.id === call.actor.orgId }))
      return { json: { data, managed_by: managedBy }, screen: await page(call) }
    },
  ),

  post(
    paths.switchOrganization,
    signedIn,
    {
      secret: true,
      body: switching,
      answer: tokenAnswer,
      otherStatuses: [404, 409],
      summary: 'Switch organization; ends this session and returns tokens for a new one',
      refused: page,
    },
    async (call) => {
      const { db, services, actor, body } = call
      const token = await switchOrganization(db, actor, body.organization, originOf(call))
      if (actor.identity.sessionKind === 'token')
        return {
          ...(await tokensAnswered(call, await renewable(db, services.config, token))),
          sessionChanged: true,
        }
      const cookies = [new Cookies(services.config).setSession(token)]
      return {
        status: 204,
        location: paths.home,
        notice: 'Organization switched',
        cookies,
        sessionChanged: true,
      }
    },
  ),

  post(
    paths.detachAccount,
    signedIn,
    {
      on: paths.switchOrganization,
      requiresRecentAuth: true,
      secret: true,
      answer: tokenAnswer,
      otherStatuses: [409],
      summary: 'Detach your account from the organization that manages it; signs out all other sessions',
      refused: page,
    },
    async (call) => {
      const { db, services, actor } = call
      const token = await detachAccount(db, actor, originOf(call))
      if (actor.identity.sessionKind === 'token')
        return {
          ...(await tokensAnswered(call, await renewable(db, services.config, token))),
          sessionChanged: true,
        }
      const notice = 'Account detached. All other sessions were signed out.'
      return { status: 204, location: paths.switchOrganization, notice, ...renewed(call, token) }
    },
  ),
]
