import { z } from 'zod'
import { revokeKey, updateKey } from '#src/domains/accounts/api-keys/actions.ts'
import { createRoutes } from '#src/domains/accounts/api-keys/create-routes.tsx'
import { KeyFields, keyHeld } from '#src/domains/accounts/api-keys/form-views.tsx'
import { apiKeys, keyEffect, keyOf, someOfKey, wholeKey } from '#src/domains/accounts/api-keys/model.ts'
import { effectOf, keysOf } from '#src/domains/accounts/api-keys/queries.ts'
import { rotateRoutes } from '#src/domains/accounts/api-keys/rotate-routes.tsx'
import {
  effectScreen,
  effectTab,
  KeyActions,
  KeyPanel,
  listColumns,
  ownKeysScreen,
} from '#src/domains/accounts/api-keys/views.tsx'
import { can, del, get } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

export const apiKeyRoutes = [
  get(
    paths.myApiKeys,
    can('api_key:read'),
    { answer: z.strictObject({ data: z.array(apiKeys.record) }), summary: 'List your API keys' },
    async ({ db, actor }) => {
      const keys = (await keysOf(db, actor, actor.userId)) ?? []
      const mayMake = actor.can('api_key:create')
      return { json: { data: keys }, screen: (frame) => ownKeysScreen({ keys, frame, mayMake }) }
    },
  ),

  ...createRoutes,
  ...rotateRoutes,

  get(
    paths.apiKeyPermissions(':id'),
    can('api_key:read'),
    { answer: keyEffect, summary: 'List the permissions of an API key, and which it has now' },
    async ({ db, actor, grant, id }) => {
      const record = await readRecord(db, apiKeys, actor, grant, id())
      const effect = await effectOf(db, actor, keyOf(record.row()))
      return { json: effect, screen: (frame) => effectScreen({ record, effect, frame }) }
    },
  ),

  ...resourceRoutes(apiKeys, {
    without: ['create', 'delete', 'import'],
    actions: { update: updateKey },
    bodies: { whole: wholeKey, some: someOfKey },
    readOnly: (row) => keyOf(row).status === 'revoked',
    columns: ({ frame }) => listColumns(frame),
    fields: (props, { frame }) => (
      <KeyFields
        {...props}
        clock={frame.clock}
        permissions={props.row ? keyOf(props.row).permissions : []}
        hint="You can only remove permissions. For more, create a new key."
      />
    ),
    held: (row) => keyHeld(keyOf(row)),
    load: async (_, found) => ({ rotate: found.update, revoke: found.delete }),
    head: (row, { extra, frame }) => <KeyActions row={row} may={extra} frame={frame} />,
    panels: (row, { frame }) => <KeyPanel row={row} frame={frame} />,
    tabs: (row) => [effectTab(row.id)],
    bulk: {
      revoke: {
        needs: 'delete',
        label: 'Revoke',
        icon: 'ban',
        doneLabel: 'revoked',
        already: 'already revoked',
        danger: true,
        confirm: 'Programs using them stop working. This can’t be undone.',
        one: (tx, actor, grant, id) => revokeKey(tx, actor, grant, id),
      },
    },
  }),

  del(
    paths.apiKey(':id'),
    can('api_key:delete'),
    { summary: 'Revoke an API key', otherStatuses: [412] },
    async ({ db, actor, grant, id, version }) => {
      const { readable, unchanged } = await db.withActor(actor, (tx) =>
        revokeKey(tx, actor, grant, id(), version),
      )
      const notice = unchanged ? 'This API key is already revoked' : 'API key revoked'
      return { location: readable ? paths.apiKey(id()) : paths.home, notice }
    },
  ),
]
