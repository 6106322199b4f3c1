import { z } from 'zod'
import {
  answered,
  type ExplainQuery,
  explained,
  explainQuery,
  explanationJson,
  questions,
  refusalAnswered,
  refusalJson,
  vocabulary,
} from '#src/domains/access/explain/model.ts'
import { answersTo, choices, explanationOf, refusal, titleOf } from '#src/domains/access/explain/queries.ts'
import { refusedScreen, whyScreen } from '#src/domains/access/explain/views.tsx'
import { type Answer, authenticated, type Call, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

type Asking = Call<typeof authenticated, typeof explainQuery>

const entered = ({ user, permission, record }: ExplainQuery) => ({
  user: user && ('id' in user ? user.id : user.name),
  permission,
  record,
})

/** The form with what was asked, and the answer, or why there is none. */
const page =
  (
    { db, actor, query }: Asking,
    more: { explanation?: Awaited<ReturnType<typeof explanationOf>>; error?: string } = {},
  ) =>
  async (frame: Frame) =>
    whyScreen({
      choices: await choices(db, actor),
      record: more.explanation ? await titleOf(db, actor, query) : null,
      entered: entered(query),
      me: actor.identity.username,
      frame,
      ...more,
    })

async function refused({ db, actor }: Asking, request: string): Promise<Answer> {
  const found = await refusal(db, actor, request)
  return { json: refusalJson(found, request), screen: (frame) => refusedScreen({ ...found, request, frame }) }
}

export const explainRoutes = [
  get(
    paths.access.explain,
    authenticated,
    {
      query: explainQuery,
      refused: (call: Asking, { message }: Refusal) => page(call, { error: message }),
      answer: z.union([explained, refusalAnswered, vocabulary]),
      summary: 'Explain why someone can do something, or what is missing',
      otherStatuses: [400, 403, 404],
    },
    async (call): Promise<Answer> => {
      const { db, actor, query } = call
      if (query.request) return refused(call, query.request)
      if (!query.permission) {
        const { permissions } = await choices(db, actor)
        return { json: { permissions }, screen: page(call) }
      }
      const explanation = await explanationOf(db, actor, query)
      return { json: explanationJson(explanation), screen: page(call, { explanation }) }
    },
  ),

  post(
    paths.access.check,
    authenticated,
    {
      body: questions,
      only: 'json',
      answer: answered,
      summary: 'Run up to 100 access checks',
      otherStatuses: [403, 404],
    },
    async ({ db, actor, body }) => ({ json: { answers: await answersTo(db, actor, body) } }),
  ),
]
