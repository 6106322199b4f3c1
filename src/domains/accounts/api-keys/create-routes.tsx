import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { createKey, type Made } from '#src/domains/accounts/api-keys/actions.ts'
import { NewKeyForm } from '#src/domains/accounts/api-keys/form-views.tsx'
import { made, type newKey } from '#src/domains/accounts/api-keys/model.ts'
import { accountFor, offeredFor } from '#src/domains/accounts/api-keys/queries.ts'
import { secretScreen } from '#src/domains/accounts/api-keys/views.tsx'
import { notFound } from '#src/errors.ts'
import { type Answer, type Call, can, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

const forWhom = z.strictObject({ user_id: z.guid('Choose a service account').toLowerCase().optional() })

/** The form of a new key, for oneself or for a service account that one sees. */
async function form(db: Door, actor: UserActor, user: unknown, refusal?: Refusal) {
  const other = typeof user === 'string' && user !== '' && user !== actor.userId
  const account = other ? await accountFor(db, actor, user) : null
  if (other && !account) throw notFound()
  const permissions = await offeredFor(db, actor, account)
  return (frame: Parameters<typeof NewKeyForm>[0]['frame']) => ({
    title: account ? `Create API key for ${account.name}` : 'Create API key',
    breadcrumbs: [{ label: 'API keys', href: frame.path(paths.apiKeys) }],
    children: <NewKeyForm account={account} permissions={permissions} frame={frame} refusal={refusal} />,
  })
}

/** The one time that the secret is seen. */
export function shown({ id, json, version, secret }: Made, status: 200 | 201): Answer {
  const key = JSON.parse(json)
  return {
    status,
    json: { ...key, secret },
    etag: version,
    location: status === 201 ? paths.apiKey(id) : undefined,
    headers: { 'Cache-Control': 'private, no-store' },
    screen: (frame) => secretScreen({ key, secret, frame }),
  }
}

const make = async ({ db, actor, grant, body }: Call<{ can: 'api_key:create' }, undefined, typeof newKey>) =>
  shown(await db.withActor(actor, (tx) => createKey(tx, actor, grant, body)), 201)

export const createRoutes = [
  get(
    paths.newApiKey(),
    can('api_key:create'),
    { only: 'page', requiresRecentAuth: true, query: forWhom },
    async ({ db, actor, query }) => ({ screen: await form(db, actor, query.user_id) }),
  ),

  post(
    paths.apiKeys,
    can('api_key:create'),
    {
      ...made,
      summary: 'Create an API key for yourself or a service account; its secret is shown once',
      refused: ({ db, actor }, refusal) => form(db, actor, refusal.input.user_id, refusal),
    },
    make,
  ),

  post(
    paths.myApiKeys,
    can('api_key:create'),
    { ...made, only: 'json', summary: 'Create an API key for yourself; its secret is shown once' },
    make,
  ),
]
