import { describedBy, FieldMessage } from '#src/ui/field.tsx'
import type { Child } from '#src/ui/html.ts'

interface Choice {
  value: string
  label: Child
  hint?: Child
  /** Can't be changed here; the hint says why. A ticked one still has to be kept by the server. */
  disabled?: boolean
}

interface BoxProps extends Choice {
  type: 'checkbox' | 'radio'
  id: string
  name: string
  checked?: boolean
  error?: string
}

/** One box with its label and hint beside it. */
export function Box({ type, id, name, value, label, hint, checked, disabled, error }: BoxProps) {
  return (
    <div class="choice">
      <input
        type={type}
        id={id}
        name={name}
        value={value}
        checked={checked}
        disabled={disabled}
        aria-describedby={describedBy({ name: id, hint, error })}
        aria-invalid={error ? 'true' : undefined}
      />
      <label for={id}>{label}</label>
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

export interface ChoicesProps {
  name: string
  legend: string
  options: readonly Choice[]
  hint?: Child
  error?: string
}

/** A question with several boxes; `id` of the whole is its name, where an error's link leads. */
export function Choices(props: ChoicesProps & { type: BoxProps['type']; values: readonly string[] }) {
  const { type, name, legend, options, values, hint, error } = props
  return (
    <fieldset class="fieldset" id={name} tabindex={-1} aria-describedby={error ? `${name}-error` : undefined}>
      <legend>{legend}</legend>
      {hint ? <p class="hint">{hint}</p> : null}
      <div class="choices">
        {options.map((option) => (
          <Box
            {...option}
            type={type}
            id={`${name}-${option.value}`}
            name={name}
            checked={values.includes(option.value)}
          />
        ))}
      </div>
      <FieldMessage name={name} error={error} />
    </fieldset>
  )
}
