import type { FieldsProps } from '#src/resource/record/form-views.tsx'
import type { Severals } from '#src/resource/references/several.ts'
import { SeveralField } from '#src/resource/references/several-views.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Fieldset, type fieldsOf } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { localeOptions, zoneOptions } from '#src/ui/regions.ts'

/** A new person: how they sign in, and the roles and groups that the maker may give. */
export function NewFields({
  field,
  severals,
  frame,
  passwordRules,
}: FieldsProps & { severals: Severals; frame: Frame; passwordRules: string }) {
  return (
    <>
      <Field {...field('username')} label="User name" required autocomplete="off" />
      <Field {...field('email')} label="E-mail" type="email" required autocomplete="off" />
      <Field {...field('first_name')} label="First name" autocomplete="off" />
      <Field {...field('last_name')} label="Last name" autocomplete="off" />
      <Field
        name="password"
        label="Password"
        type="password"
        hint={`Leave empty to send an invitation; they’ll choose one themselves. ${passwordRules}`}
        error={field('password').error}
        autocomplete="new-password"
      />
      <SeveralField {...field('role_ids')} label="Roles" several={severals.role_ids} frame={frame} />
      <SeveralField {...field('groups')} label="Groups" several={severals.groups} frame={frame} />
    </>
  )
}

/** What is changed of a person; how they sign in only by whoever may change everybody. */
export function EditFields({ field, row, me, signIn }: FieldsProps & { me: string; signIn: boolean }) {
  if (row?.kind === 'service') return <ServiceFields field={field} signIn={signIn} />
  return (
    <>
      <Fieldset legend="Person">
        <ProfileFields field={field} />
      </Fieldset>
      {signIn ? (
        <Fieldset legend="Sign-in">
          <Field {...field('username')} label="User name" required autocomplete="off" />
          <Field {...field('email')} label="E-mail" type="email" required autocomplete="off" />
          {row?.id !== me && row?.status !== 'invited' ? (
            <Select {...field('status')} label="Status" required options={turns} />
          ) : null}
        </Fieldset>
      ) : null}
    </>
  )
}

/** A service account has a name, and nothing to sign in with. */
function ServiceFields({ field, signIn }: Pick<FieldsProps, 'field'> & { signIn: boolean }) {
  return (
    <>
      {signIn ? <Field {...field('username')} label="User name" required autocomplete="off" /> : null}
      <Field {...field('first_name')} label="Purpose" autocomplete="off" />
      {signIn ? <Select {...field('status')} label="Status" required options={turns} /> : null}
    </>
  )
}

const turns = [
  { value: 'active', label: 'Active' },
  { value: 'disabled', label: 'Disabled' },
]

/** What people may change of themselves, and whoever administers them too. */
export function ProfileFields({ field }: { field: ReturnType<typeof fieldsOf> }) {
  return (
    <>
      <Field {...field('first_name')} label="First name" autocomplete="given-name" />
      <Field {...field('last_name')} label="Last name" autocomplete="family-name" />
      <Select
        {...field('locale')}
        label="Language and region"
        hint="How dates, times and numbers are written. Pages are in English."
        none="Default (United Kingdom)"
        options={localeOptions(field('locale').value)}
      />
      <Select
        {...field('time_zone')}
        label="Time zone"
        hint="For the times you see and the dates you filter by."
        none="Default (UTC)"
        options={zoneOptions(field('time_zone').value)}
      />
    </>
  )
}
