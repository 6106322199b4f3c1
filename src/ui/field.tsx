import type { Child } from '#src/ui/html.ts'

export interface Labelled {
  name: string
  label: string
  hint?: Child
  error?: string
  required?: boolean
  disabled?: boolean
}

export interface FieldProps extends Labelled {
  value?: string | number | null
  type?:
    | 'text'
    | 'email'
    | 'password'
    | 'search'
    | 'tel'
    | 'url'
    | 'number'
    | 'date'
    | 'datetime-local'
    | 'file'
  /** With rows it is a textarea. */
  rows?: number
  autocomplete?: string
  autofocus?: boolean
  readonly?: boolean
  inputmode?: 'text' | 'numeric' | 'decimal' | 'email' | 'tel' | 'url' | 'search'
  placeholder?: string
  list?: string
  minlength?: number
  maxlength?: number
  min?: number | string
  max?: number | string
  step?: number | string
  /** Within the field's line, at its end: a unit, a copy button. */
  after?: Child
}

/** The ids of what explains a control: its hint and its error. */
export const describedBy = ({ name, hint, error }: Pick<Labelled, 'name' | 'hint' | 'error'>) =>
  [hint ? `${name}-hint` : '', error ? `${name}-error` : ''].filter(Boolean).join(' ') || undefined

const shared = (props: Labelled) => ({
  id: props.name,
  name: props.name,
  required: props.required,
  disabled: props.disabled,
  'aria-describedby': describedBy(props),
  'aria-invalid': props.error ? ('true' as const) : undefined,
})

export function Field(props: FieldProps) {
  const {
    value,
    type = 'text',
    rows,
    autocomplete,
    autofocus,
    readonly,
    inputmode,
    placeholder,
    list,
    after,
  } = props
  const { minlength, maxlength, min, max, step } = props
  const plain = type === 'email' || type === 'url' || autocomplete === 'username'
  const common = { ...shared(props), autocomplete, autofocus, readonly, placeholder, minlength, maxlength }
  return (
    <FieldFrame {...props}>
      {rows ? (
        <textarea {...common} rows={rows}>
          {value}
        </textarea>
      ) : (
        <span class="control">
          <input
            {...common}
            type={type}
            list={list}
            value={value ?? undefined}
            inputmode={inputmode}
            min={min}
            max={max}
            step={step}
            autocapitalize={plain ? 'none' : undefined}
            spellcheck={plain ? false : undefined}
          />
          {after}
        </span>
      )}
    </FieldFrame>
  )
}

export interface SelectOption {
  value: string
  label: string
  disabled?: boolean
  group?: string
}

export interface SelectProps extends Labelled {
  value?: string | null
  options: readonly SelectOption[]
  none?: string
  autocomplete?: string
}

export function Select(props: SelectProps) {
  const { value, options, none, autocomplete } = props
  return (
    <FieldFrame {...props}>
      <select {...shared(props)} autocomplete={autocomplete}>
        {none === undefined ? null : <option value="">{none}</option>}
        {[...Map.groupBy(options, ({ group }) => group)].map(([group, those]) =>
          group === undefined ? (
            <Options options={those} value={value} />
          ) : (
            <optgroup label={group}>
              <Options options={those} value={value} />
            </optgroup>
          ),
        )}
      </select>
    </FieldFrame>
  )
}

function Options({ options, value }: Pick<SelectProps, 'options' | 'value'>) {
  return (
    <>
      {options.map((option) => (
        <option value={option.value} selected={option.value === value} disabled={option.disabled}>
          {option.label}
        </option>
      ))}
    </>
  )
}

/** Label, hint and error round a control. */
export function FieldFrame({
  name,
  label,
  hint,
  error,
  required,
  children,
}: Labelled & { children?: Child }) {
  return (
    <div class="field">
      <label for={name}>
        {label}
        {required ? null : <span class="optional"> optional</span>}
      </label>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      {children}
      <FieldMessage name={name} error={error} />
    </div>
  )
}

export function FieldMessage({ name, error }: { name: string; error?: string }) {
  if (!error) return null
  return (
    <p class="error" id={`${name}-error`}>
      {error}
    </p>
  )
}
