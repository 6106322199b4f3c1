import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { createKey, type Made, rotateKey } from '#src/domains/accounts/api-keys/actions.ts'
import { NewKeyForm, RotateForm } from '#src/domains/accounts/api-keys/form-views.tsx'
import { apiKeys, keyOf, keyWithSecret, newKey, rotation } from '#src/domains/accounts/api-keys/model.ts'
import { accountFor, offeredFor } from '#src/domains/accounts/api-keys/queries.ts'
import { secretScreen } from '#src/domains/accounts/api-keys/views.tsx'
import { Forbidden, notFound } from '#src/errors.ts'
import { type Answer, type Call, can, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { versionFor } from '#src/ui/form.tsx'

const forWhom = z.strictObject({ user_id: z.guid('Choose a service account').toLowerCase().optional() })

/** The form of a new key, for oneself or for a service account that one sees. */
async function form(db: Door, actor: UserActor, user: unknown, refusal?: Refusal) {
  const other = typeof user === 'string' && user !== '' && user !== actor.userId
  const account = other ? await accountFor(db, actor, user) : null
  if (other && !account) throw notFound()
  const permissions = await offeredFor(db, actor, account)
  return (frame: Parameters<typeof NewKeyForm>[0]['frame']) => ({
    title: account ? `Create API key for ${account.name}` : 'Create API key',
    trail: [{ label: 'API keys', href: frame.path(paths.apiKeys) }],
    children: <NewKeyForm account={account} permissions={permissions} frame={frame} refusal={refusal} />,
  })
}

async function rotateForm(
  { db, actor, id }: Pick<Call, 'db' | 'id'> & { actor: UserActor },
  grant: Grant<'api_key'>,
  refusal?: Refusal,
) {
  const found = await readRecord(db, apiKeys, actor, grant, id())
  const key = keyOf(found.row())
  if (!found.update) throw new Forbidden('api_key:update')
  if (key.status === 'revoked') throw notFound()
  return (frame: Parameters<typeof RotateForm>[0]['frame']) => ({
    title: `Rotate ${key.name}`,
    trail: [{ label: 'API keys', href: frame.path(paths.apiKeys) }],
    children: (
      <RotateForm
        id={key.id}
        version={versionFor(refusal, key)}
        former={key.former !== null}
        frame={frame}
        refusal={refusal}
      />
    ),
  })
}

/** The one time that the secret is seen. */
function shown({ id, json, version, secret }: Made, status: 200 | 201): Answer {
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

const made = {
  requiresRecentAuth: true,
  secret: true,
  body: newKey,
  answer: keyWithSecret,
  status: 201,
  otherStatuses: [403, 409],
} as const

const make = async ({ db, actor, grant, body }: Call<{ can: 'api_key:create' }, undefined, typeof newKey>) =>
  shown(await db.withActor(actor, (tx) => createKey(tx, actor, grant, body)), 201)

export const makingRoutes = [
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
      summary: 'Make an API key, for oneself or for a service account; its secret is shown once',
      refused: ({ db, actor }, refusal) => form(db, actor, refusal.input.user_id, refusal),
    },
    make,
  ),

  post(
    paths.myApiKeys,
    can('api_key:create'),
    { ...made, only: 'json', summary: 'Make an API key for oneself; its secret is shown once' },
    make,
  ),

  get(
    paths.rotateApiKey(':id'),
    can('api_key:update'),
    { only: 'page', requiresRecentAuth: true },
    async (call) => ({
      screen: await rotateForm(call, call.grant),
    }),
  ),

  post(
    paths.rotateApiKey(':id'),
    can('api_key:update'),
    {
      requiresRecentAuth: true,
      secret: true,
      body: rotation,
      answer: keyWithSecret,
      otherStatuses: [403, 409],
      summary: 'Give an API key a new secret; the previous one keeps working for the hours given',
      refused: (call, refusal) => rotateForm(call, call.grant, refusal),
    },
    async ({ db, actor, grant, id, body, version }) =>
      shown(await db.withActor(actor, (tx) => rotateKey(tx, actor, grant, id(), body, version)), 200),
  ),
]
