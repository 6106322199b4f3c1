import { Field } from '#src/ui/field.tsx'

type NewPasswordProps = { name?: string; label?: string; rules: string; error?: string | undefined }

/** A password that is being chosen, with what is asked of it. */
export function NewPassword({ name = 'password', label = 'Password', rules, error }: NewPasswordProps) {
  return (
    <Field
      name={name}
      label={label}
      type="password"
      hint={rules}
      error={error}
      required
      autocomplete="new-password"
    />
  )
}
