import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { rotateKey } from '#src/domains/accounts/api-keys/actions.ts'
import { shown } from '#src/domains/accounts/api-keys/create-routes.tsx'
import { RotateForm } from '#src/domains/accounts/api-keys/form-views.tsx'
import { apiKeys, keyOf, keyWithSecret, rotation } from '#src/domains/accounts/api-keys/model.ts'
import { Forbidden, notFound } from '#src/errors.ts'
import { type Call, can, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { versionFor } from '#src/ui/form.tsx'

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
    breadcrumbs: [{ label: 'API keys', href: frame.path(paths.apiKeys) }],
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

/** `/api-keys/:id/rotate`. */
export const rotateRoutes = [
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
      summary: 'Rotate an API key: create a new secret; the previous one keeps working for the given hours',
      refused: (call, refusal) => rotateForm(call, call.grant, refusal),
    },
    async ({ db, actor, grant, id, body, version }) =>
      shown(await db.withActor(actor, (tx) => rotateKey(tx, actor, grant, id(), body, version)), 200),
  ),
]
