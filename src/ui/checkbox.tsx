import { FieldMessage } from '#src/ui/field.tsx'
import type { Child } from '#src/ui/html.ts'

export interface Choice {
  value: string
  label: Child
  hint?: Child
  /** Can't be changed here; the hint says why. A ticked one still has to be kept by the server. */
  disabled?: boolean
}

export interface CheckboxGroupProps {
  name: string
  legend: string
  options: readonly Choice[]
  values: readonly string[]
  hint?: Child
  error?: string
}

export function CheckboxGroup({ name, legend, options, values, hint, error }: CheckboxGroupProps) {
  return (
    <fieldset class="fieldset" id={name} aria-describedby={error ? `${name}-error` : undefined}>
      <legend>{legend}</legend>
      {hint ? <p class="hint">{hint}</p> : null}
      <div class="choices">
        {options.map((option) => (
          <Box
            {...option}
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

function Box({
  id,
  name,
  value,
  label,
  hint,
  checked,
  disabled,
}: Choice & { id: string; name: string; checked?: boolean }) {
  return (
    <div class="choice">
      <input
        type="checkbox"
        id={id}
        name={name}
        value={value}
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
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
