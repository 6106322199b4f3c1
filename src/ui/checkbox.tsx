import { Box, Choices, type ChoicesProps } from '#src/ui/choice.tsx'
import { FieldMessage } from '#src/ui/field.tsx'
import type { Child } from '#src/ui/html.ts'

export interface CheckboxProps {
  name: string
  label: Child
  hint?: Child
  checked?: boolean
  value?: string
  error?: string
  disabled?: boolean
}

/** One yes or no. Unticked it sends nothing, as forms do: the reader of the form makes that a no. */
export function Checkbox({ name, label, hint, checked, value = 'true', error, disabled }: CheckboxProps) {
  return (
    <div class="field">
      <Box
        type="checkbox"
        id={name}
        name={name}
        value={value}
        label={label}
        hint={hint}
        checked={checked}
        disabled={disabled}
        error={error}
      />
      <FieldMessage name={name} error={error} />
    </div>
  )
}

export function CheckboxGroup(props: ChoicesProps & { values: readonly string[] }) {
  return <Choices type="checkbox" {...props} />
}

export function RadioGroup({ value, ...props }: ChoicesProps & { value?: string | null }) {
  return <Choices type="radio" {...props} values={value ? [value] : []} />
}
