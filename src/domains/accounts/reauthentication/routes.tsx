import type { UserActor } from '#src/access/actor.ts'
import { accountOf } from '#src/domains/accounts/account.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { reauthenticateSession } from '#src/domains/accounts/reauthentication/actions.ts'
import { passwordOrCode, reauthenticationForm } from '#src/domains/accounts/reauthentication/model.ts'
import { reauthenticationScreen } from '#src/domains/accounts/reauthentication/views.tsx'
import { renewed } from '#src/domains/accounts/session-rotation.ts'
import { type Call, type Draw, get, post, type Refusal, signedIn } from '#src/http/endpoint.ts'
import { paths, safeNext } from '#src/paths.ts'

type OwnCall = Pick<Call, 'c' | 'db'> & { actor: UserActor }

async function screen({ db, actor }: OwnCall, next: string | undefined, refusal?: Refusal): Promise<Draw> {
  const account = await accountOf(db, actor)
  const codeOnly = actor.identity.missingFactor === 'second-factor'
  return (frame) => reauthenticationScreen(frame, { account, next: safeNext(next), codeOnly, refusal })
}

export const reauthenticationRoutes = [
  get(paths.reauthenticate, signedIn, { only: 'page', allowedBeforeSecondFactor: true }, async (call) => ({
    screen: await screen(call, call.c.req.query('next')),
  })),

  post(
    paths.reauthenticate,
    signedIn,
    {
      only: 'page',
      rate: 'sign-in',
      allowedBeforeSecondFactor: true,
      secret: true,
      body: reauthenticationForm,
      refused: (call, refusal) => screen(call, String(refusal.input.next ?? ''), refusal),
    },
    async (call) => {
      const { db, services, actor, body } = call
      const token = await reauthenticateSession(db, services.config, actor, body.given, originOf(call))
      return { location: safeNext(body.next), resumes: body.kept, ...renewed(call, token) }
    },
  ),

  post(
    paths.auth.reauthenticate,
    signedIn,
    {
      only: 'api',
      rate: 'sign-in',
      allowedBeforeSecondFactor: true,
      body: passwordOrCode,
      otherStatuses: [409],
      summary: 'Confirm your password or a code, for the next 10 minutes',
    },
    async (call) => {
      const { db, services, actor, body } = call
      const token = await reauthenticateSession(db, services.config, actor, body, originOf(call))
      return { status: 204, ...renewed(call, token) }
    },
  ),
]
