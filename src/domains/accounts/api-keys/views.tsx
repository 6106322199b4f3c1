import { apiKeys, type KeyEffect, type KeyRecord, keyOf } from '#src/domains/accounts/api-keys/model.ts'
import { meFrame } from '#src/domains/accounts/me-frame.tsx'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import type { FoundRecord } from '#src/resource/record/query.ts'
import { recordFrame } from '#src/resource/record/views.tsx'
import { ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, CopyButton, EmptyState, Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { html } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

const tones = { active: 'good', expired: 'warn', revoked: 'plain' } as const
const words = { active: 'Active', expired: 'Expired', revoked: 'Revoked' }
const StateBadge = ({ of }: { of: KeyRecord }) =>
  Badge({ tone: tones[of.status], children: words[of.status] })
const Prefix = ({ prefix }: { prefix: string }) => html`<code>${prefix}…</code>`

const shared = (frame: Frame): Column<KeyRecord>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: ({ id }) => frame.path(paths.apiKey(id)),
    cell: ({ name }) => name,
  },
  { key: 'status', label: 'Status', cell: (key) => StateBadge({ of: key }) },
  { key: 'prefix', label: 'Prefix', cell: Prefix },
  { key: 'permissions', label: 'Permissions', align: 'end', cell: ({ permissions }) => permissions.length },
  {
    key: 'last_used_at',
    label: 'Last used',
    cell: ({ last_used_at }) => (last_used_at ? Time({ at: last_used_at, clock: frame.clock }) : 'never'),
  },
  {
    key: 'expires_at',
    label: 'Expires',
    cell: ({ expires_at }) => (expires_at ? Time({ at: expires_at, clock: frame.clock }) : 'never'),
  },
]

/** Of the list of everybody's: whose each is stands beside its name. */
export const listColumns = (frame: Frame): Column<RecordRow>[] => {
  const [name, ...others] = shared(frame)
  const owner: Column<KeyRecord> = {
    key: 'user',
    label: 'Owner',
    cell: ({ user }) => user.name ?? 'no access',
  }
  return [name, owner, ...others] as unknown as Column<RecordRow>[]
}

type OwnProps = { keys: readonly KeyRecord[]; frame: Frame; mayMake: boolean }

/** One's own keys. */
export function ownKeysScreen({ keys, frame, mayMake }: OwnProps): Screen {
  const make = mayMake ? (
    <ButtonLink kind="primary" icon="plus" href={frame.path(paths.newApiKey())}>
      Create API key
    </ButtonLink>
  ) : null
  const screen = meFrame({
    frame,
    title: 'API keys',
    subtitle: 'Let programs act for you with the permissions you choose.',
    here: paths.myApiKeys,
    children: (
      <Table
        label="API keys"
        columns={shared(frame).map((column) => ({ ...column, sortable: undefined }))}
        rows={keys}
        rowKey={({ id }) => id}
        listUrl={() => frame.path(paths.myApiKeys)}
        empty={
          <EmptyState
            icon="key"
            title="No API keys yet"
            text="Create one per program, so you can revoke it without affecting the others."
          />
        }
      />
    ),
  })
  return { ...screen, actions: make }
}

/** Shown once, right after it was made: nobody can look it up later. */
export function secretScreen({
  key,
  secret,
  frame,
}: {
  key: KeyRecord
  secret: string
  frame: Frame
}): Screen {
  return {
    title: key.name,
    breadcrumbs: [{ label: 'API keys', href: frame.path(paths.apiKeys) }],
    children: (
      <Panel title="Your new API key">
        <p>
          <strong>Copy it now; you won’t see it again.</strong> Anyone who has it can do what the key can do.
        </p>
        <p class="secret">
          <code>{secret}</code> <CopyButton text={secret} label="Copy the secret" />
        </p>
        <p>Programs send it with each request:</p>
        <pre class="secret">
          <code>Authorization: Bearer {secret}</code>
        </pre>
        {key.former ? (
          <p>
            The previous secret (<Prefix prefix={key.former.prefix} />) works until{' '}
            <Time at={key.former.expires_at} clock={frame.clock} />.
          </p>
        ) : null}
        <div class="form-actions">
          <ButtonLink kind="primary" href={frame.path(paths.apiKey(key.id))}>
            Done
          </ButtonLink>
        </div>
      </Panel>
    ),
  }
}

/** What its columns don't say. */
export function KeyPanel({ row, frame }: { row: RecordRow; frame: Frame }) {
  const key = keyOf(row)
  const { last_used_ip, allowed_addresses, former, permissions } = key
  return (
    <Panel title="Use">
      <Facts
        items={[
          { label: 'Permissions', value: permissions.length },
          { label: 'Last used from', value: last_used_ip },
          { label: 'Allowed IP addresses', value: allowed_addresses.join(', ') || 'Any' },
          ...(former
            ? [
                {
                  label: 'Previous secret',
                  value: (
                    <>
                      <Prefix prefix={former.prefix} /> until{' '}
                      <Time at={former.expires_at} clock={frame.clock} />
                    </>
                  ),
                },
              ]
            : []),
        ]}
      />
    </Panel>
  )
}

type ActionsProps = { row: RecordRow; may: { rotate: boolean; revoke: boolean }; frame: Frame }

/** Another secret, and the end. */
export function KeyActions({ row, may, frame }: ActionsProps) {
  const key = keyOf(row)
  if (key.status === 'revoked') return null
  return (
    <>
      {may.rotate && key.status === 'active' ? (
        <ButtonLink icon="refresh-cw" href={frame.path(paths.rotateApiKey(key.id))}>
          Rotate
        </ButtonLink>
      ) : null}
      {may.revoke ? (
        <ConfirmButton
          id="revoke"
          action={frame.path(paths.apiKey(key.id))}
          method="delete"
          csrfToken={frame.csrfToken}
          label="Revoke"
          icon="ban"
          title={`Revoke ${key.name}?`}
          text="Programs using it stop working. This can’t be undone."
          confirm="Revoke API key"
        />
      ) : null}
    </>
  )
}

type EffectProps = { record: FoundRecord & { row: () => RecordRow }; effect: KeyEffect; frame: Frame }

/** What a key can do just now; what was chosen and its owner has no more is marked. */
export function effectScreen({ record, effect, frame }: EffectProps): Screen {
  const row = record.row()
  const place = paths.apiKeyPermissions(record.id)
  const held = effect.data.filter((one) => one.held).length
  const lead = effect.active
    ? `${held} of ${effect.data.length} permissions: those its owner has now.`
    : `No permissions now: ${effect.reason}.`
  return recordFrame({
    resource: apiKeys,
    row,
    may: { update: false, delete: false },
    frame,
    here: place,
    tabs: [effectTab(record.id)],
    children: (
      <>
        <p class="lead">{lead}</p>
        <Table
          label="Permissions of this key"
          columns={effectColumns}
          rows={effect.data}
          rowKey={({ code }) => code}
          listUrl={() => frame.path(place)}
          empty={<EmptyState icon="lock" title="No permissions yet" />}
        />
      </>
    ),
  })
}

export const effectTab = (id: string) => ({ label: 'Permissions', path: paths.apiKeyPermissions(id) })

const effectColumns: Column<KeyEffect['data'][number]>[] = [
  {
    key: 'code',
    label: 'Permission',
    cell: ({ code, description }) =>
      html`<code>${code}</code>${description ? html`<span class="nothing described">${description}</span>` : null}`,
  },
  {
    key: 'held',
    label: 'Now',
    cell: ({ held }) =>
      held ? Badge({ tone: 'good', children: 'Yes' }) : Badge({ tone: 'warn', children: 'No longer' }),
  },
]
