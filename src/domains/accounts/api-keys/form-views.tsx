import { type KeyRecord, keyOf, MAX_HOURS } from '#src/domains/accounts/api-keys/model.ts'
import type { Refusal } from '#src/http/endpoint.ts'
import type { Clock } from '#src/locale/clock.ts'
import { paths } from '#src/paths.ts'
import { permissionOption } from '#src/resource/permission-words.ts'
import type { FieldsProps, Held } from '#src/resource/record/form-views.tsx'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { PermissionBoxes } from '#src/ui/permissions.tsx'
import { Panel } from '#src/ui/surface.tsx'

const chosen = (refusal: Refusal | undefined, own: readonly string[]) =>
  refusal && 'permissions' in refusal.input
    ? [refusal.input.permissions].flat().filter((code) => typeof code === 'string')
    : own

type Fields = FieldsProps & { permissions: readonly string[]; hint: string; clock: Clock }

/** What a key is called, may do, from where and until when: for a new one, and for one that is changed. */
export function KeyFields({ field, row, refusal, permissions, hint, clock }: Fields) {
  const key = row && keyOf(row)
  const ipRanges = key?.allowed_addresses.join('\n')
  return (
    <>
      <Field
        {...field('name')}
        label="Name"
        hint="What will use it, so you know later what to revoke."
        required
        maxlength={100}
        autocomplete="off"
      />
      <PermissionBoxes
        hint={hint}
        options={permissions.map(permissionOption)}
        values={chosen(refusal, key?.permissions ?? [])}
        error={field('permissions').error}
      />
      <Field
        {...field('expires_at')}
        value={refusal ? field('expires_at').value : lastDay(key, clock)}
        label="Expires on"
        hint={`Until 24:00, ${clock.zone} time. Leave empty for no expiry.`}
        type="date"
      />
      <Field
        {...field('allowed_addresses')}
        value={refusal ? field('allowed_addresses').value : ipRanges}
        label="Allowed IP addresses"
        hint="One per line, like 192.0.2.7 or 10.0.0.0/8. Leave empty to allow any."
        rows={3}
      />
    </>
  )
}

const valuesOf = (values: readonly string[]) => values.map((value) => ({ value }))

/** What its form holds beside its name. */
export const keyHeld = ({ permissions, expires_at, allowed_addresses }: KeyRecord): Held => ({
  permissions: { label: 'Permissions', values: valuesOf(permissions) },
  expires_at: { label: 'Expires on', values: valuesOf(expires_at ? [expires_at] : []) },
  allowed_addresses: { label: 'Allowed IP addresses', values: valuesOf(allowed_addresses) },
})

const USUAL_MS = 90 * 86_400_000

/** Of a new key, in some months. */
function lastDay(key: KeyRecord | undefined, clock: Clock): string {
  if (!key) return clock.day(new Date(Date.now() + USUAL_MS).toISOString())
  return key.expires_at === null ? '' : clock.lastDay(key.expires_at)
}

export type NewKeyProps = {
  /** The service account that it is for; null for oneself. */
  account: { id: string; name: string } | null
  permissions: readonly string[]
  frame: Frame
  refusal?: Refusal | undefined
}

export function NewKeyForm({ account, permissions, frame, refusal }: NewKeyProps) {
  const hint = account
    ? `Permissions that both you and ${account.name} have. When ${account.name} loses one, so does the key.`
    : 'Permissions you have. When you lose one, so does the key.'
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.apiKeys)} csrfToken={frame.csrfToken}>
        {account ? <input type="hidden" name="user_id" value={account.id} /> : null}
        <KeyFields
          field={fieldsOf(refusal)}
          refusal={refusal}
          permissions={permissions}
          hint={hint}
          clock={frame.clock}
        />
        <Actions>
          <Button kind="primary">Create API key</Button>
          <ButtonLink href={frame.path(account ? paths.serviceAccount(account.id) : paths.myApiKeys)}>
            Cancel
          </ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

const hours = (value: number, label: string) => ({ value: String(value), label })
const overlaps = [
  hours(0, 'Stops now'),
  hours(1, 'For an hour'),
  hours(24, 'For a day'),
  hours(72, 'For three days'),
  hours(MAX_HOURS, 'For a week'),
]

type RotateProps = {
  id: string
  version: number
  former: boolean
  frame: Frame
  refusal?: Refusal | undefined
}

export function RotateForm({ id, version, former, frame, refusal }: RotateProps) {
  const field = fieldsOf(refusal)('overlap_hours')
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <p>The key gets a new secret, shown once. Everything else stays the same.</p>
      <Form action={frame.path(paths.rotateApiKey(id))} csrfToken={frame.csrfToken} version={version}>
        <Select
          {...field}
          value={field.value ?? (former ? '0' : '24')}
          label="Current secret keeps working"
          hint={
            former
              ? 'The previous secret still works. Both stop now.'
              : 'Gives you time to replace it where it is used.'
          }
          required
          options={former ? overlaps.slice(0, 1) : overlaps}
        />
        <Actions>
          <Button kind="primary">Create new secret</Button>
          <ButtonLink href={frame.path(paths.apiKey(id))}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}
