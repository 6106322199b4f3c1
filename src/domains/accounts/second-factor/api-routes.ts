import { accountOf } from '#src/domains/accounts/account.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { begin, renewCodes, turnOff, turnOn } from '#src/domains/accounts/second-factor/actions.ts'
import { begunAnswer, codesAnswer, factorAnswer, setUp } from '#src/domains/accounts/second-factor/model.ts'
import { renewed } from '#src/domains/accounts/session-rotation.ts'
import { del, get, post, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

const json = { only: 'api', requiresRecentAuth: true, secret: true } as const
const headers = { 'Cache-Control': 'no-store' }

/** The second factor, for programs that a person uses. */
export const secondFactorApiRoutes = [
  get(
    paths.auth.secondFactor,
    signedIn,
    {
      only: 'api',
      allowedBeforeSecondFactor: true,
      answer: factorAnswer,
      summary: 'Get whether two-step verification is on',
    },
    async ({ db, actor }) => {
      const { factorSince, codesLeft } = await accountOf(db, actor)
      return { json: { since: factorSince, recovery_codes_left: codesLeft } }
    },
  ),

  post(
    paths.auth.secondFactor,
    signedIn,
    {
      ...json,
      allowedBeforeSecondFactor: true,
      answer: begunAnswer,
      summary: 'Start setting up two-step verification (RFC 6238); nothing is saved until you verify a code',
    },
    async ({ db, services, actor }) => ({
      json: begin(services.config, actor, await accountOf(db, actor)),
      headers,
    }),
  ),

  post(
    paths.auth.verifySecondFactor,
    signedIn,
    {
      ...json,
      allowedBeforeSecondFactor: true,
      rate: 'sign-in',
      body: setUp,
      answer: codesAnswer,
      otherStatuses: [409],
      summary: 'Turn on two-step verification with a code; signs out all other sessions',
    },
    async (call) => {
      const { codes, token } = await turnOn(
        call.db,
        call.services.config,
        call.actor,
        call.body,
        originOf(call),
      )
      return { json: { recovery_codes: codes }, headers, ...renewed(call, token) }
    },
  ),

  del(
    paths.auth.secondFactor,
    signedIn,
    {
      ...json,
      otherStatuses: [404],
      summary: 'Turn off two-step verification; signs out all other sessions',
    },
    async (call) => ({ status: 204, ...renewed(call, await turnOff(call.db, call.actor, originOf(call))) }),
  ),

  post(
    paths.auth.recoveryCodes,
    signedIn,
    {
      ...json,
      answer: codesAnswer,
      otherStatuses: [404],
      summary: 'Create new recovery codes; the previous ones stop working',
    },
    async ({ db, actor }) => ({
      json: { recovery_codes: await renewCodes(db, actor) },
      headers,
    }),
  ),
]
