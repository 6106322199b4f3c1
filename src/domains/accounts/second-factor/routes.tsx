import type { UserActor } from '#src/access/actor.ts'
import { type Account, accountOf } from '#src/domains/accounts/account.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { beginAgain, renewCodes, turnOff, turnOn } from '#src/domains/accounts/second-factor/actions.ts'
import { setUpForm } from '#src/domains/accounts/second-factor/model.ts'
import { codesScreen, setUpScreen } from '#src/domains/accounts/second-factor/views.tsx'
import { renewed } from '#src/domains/accounts/session-rotation.ts'
import {
  type Answer,
  type Call,
  type Draw,
  del,
  get,
  post,
  type Refusal,
  signedIn,
} from '#src/http/endpoint.ts'
import { paths, safeNext } from '#src/paths.ts'

type OwnCall = Pick<Call, 'db' | 'services'> & { actor: UserActor }

function setUpPage({ services, actor }: OwnCall, account: Account, next: string, refusal?: Refusal): Draw {
  const begun = beginAgain(services.config, actor, account, refusal?.input.setup)
  const due = actor.identity.missingFactor !== null
  return (frame) => setUpScreen(frame, { begun, next, due, refusal })
}

const codesPage =
  ({ services, actor }: OwnCall, codes: string[], next: string): Draw =>
  (frame) =>
    codesScreen(frame, { codes, next, appName: services.config.APP_NAME, username: actor.identity.username })

/** Where somebody goes on to who was led here, or came from the page about security. */
const onTo = (next: string | undefined) => (next ? safeNext(next) : paths.security)

const pages = { only: 'page', requiresRecentAuth: true, secret: true } as const

export const secondFactorRoutes = [
  get(
    paths.secondFactor,
    signedIn,
    { ...pages, allowedBeforeSecondFactor: true },
    async (call): Promise<Answer> => {
      const next = onTo(call.c.req.query('next'))
      const account = await accountOf(call.db, call.actor)
      if (account.factorSince) return { location: next }
      return { screen: setUpPage(call, account, next) }
    },
  ),

  post(
    paths.secondFactor,
    signedIn,
    {
      ...pages,
      allowedBeforeSecondFactor: true,
      rate: 'sign-in',
      body: setUpForm,
      refused: async (call, refusal) =>
        setUpPage(
          call,
          await accountOf(call.db, call.actor),
          onTo(String(refusal.input.next ?? '')),
          refusal,
        ),
    },
    async (call) => {
      const { db, services, actor, body } = call
      const { codes, token } = await turnOn(db, services.config, actor, body, originOf(call))
      return { screen: codesPage(call, codes, onTo(body.next)), ...renewed(call, token) }
    },
  ),

  del(paths.secondFactor, signedIn, { ...pages, on: paths.security }, async (call) => {
    const token = await turnOff(call.db, call.actor, originOf(call))
    const notice = 'Two-step verification is off. All other sessions were signed out.'
    return { location: paths.security, notice, ...renewed(call, token) }
  }),

  post(paths.myRecoveryCodes, signedIn, pages, async (call) => ({
    screen: codesPage(call, await renewCodes(call.db, call.actor), paths.security),
  })),
]
