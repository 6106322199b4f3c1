import { givenToNew } from '#src/domains/people/initial-access/queries.ts'
import { createServiceAccount } from '#src/domains/people/service-accounts/actions.ts'
import { newServiceAccount, serviceAccounts } from '#src/domains/people/service-accounts/model.ts'
import { listColumns, newScreen } from '#src/domains/people/service-accounts/views.tsx'
import { users } from '#src/domains/people/users/model.ts'
import { can, get, post } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'
import { severalsFor } from '#src/resource/references/several.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

/** Their list, and new ones; each has its page and everything else among the people. */
export const serviceAccountRoutes = [
  get(pathsOf(paths.serviceAccounts).new, can('user:create'), { only: 'page' }, async (call) => {
    const severals = await severalsFor(call, givenToNew, undefined)
    return { screen: (frame) => newScreen({ frame, severals }) }
  }),

  post(
    paths.serviceAccounts,
    can('user:create'),
    {
      body: newServiceAccount,
      answer: users.record,
      status: 201,
      otherStatuses: [409],
      summary: 'Add a service account, which acts only through API keys',
      refused: async (call, refusal) => {
        const severals = await severalsFor(call, givenToNew, refusal.input)
        return (frame) => newScreen({ frame, severals, refusal })
      },
    },
    async (call) => {
      const { db, actor, grant, body } = call
      const made = await db.withActor(actor, (tx) => createServiceAccount(tx, actor, grant, body))
      const otherwise = pathsOf(paths.serviceAccounts).new
      return { ...saved(call, users, made, 'Service account added', otherwise), status: 201 }
    },
  ),

  ...resourceRoutes(serviceAccounts, {
    without: ['read', 'create', 'update', 'delete', 'bulk', 'import', 'history'],
    columns: ({ frame }) => listColumns(frame),
  }),
]
