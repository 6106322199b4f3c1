import { Box } from '#src/ui/choice.tsx'
import { describedBy, Field, FieldFrame, FieldMessage, type Labelled } from '#src/ui/field.tsx'

export interface PickerProps extends Labelled {
  value: string
  chosen: string
  none: string
  options: string
  many: string
  find: string
  words: string
  found: FoundOptions | null
}

export type FoundOptions = {
  q: string
  options: readonly { id: string; name: string; hint: string | null }[]
  more: boolean
}

/**
 * One record of many: a combobox that searches while one types (js/combobox.js); without a script a search step, with
 * what it found as radio buttons within the same form.
 */
export function Picker(props: PickerProps) {
  const { name, label, hint, error, required, value, chosen, many, options, none } = props
  return (
    <div class="field picker" data-picker={name}>
      <label for={name} class="needs-script">
        {label}
        {required ? null : <span class="optional"> optional</span>}
      </label>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <ComboboxField
        id={name}
        value={value ? chosen : ''}
        placeholder={none}
        label={label}
        many={many}
        options={options}
        described={describedBy(props)}
        invalid={Boolean(error)}
      />
      <Plain {...props} />
      <FieldMessage name={name} error={error} />
    </div>
  )
}

export interface SuggestFieldProps extends Labelled {
  value?: string | null
  placeholder?: string
  /** Where suggestions are asked for; whoever sees none types without. */
  options: string | null
  many: string
}

/** A line of text that is filled in from what is found while one types, by what tells it apart: a user name. */
export function SuggestField(props: SuggestFieldProps) {
  const { name, value, placeholder, label, many, options, required, error } = props
  if (options === null) return <Field {...props} autocomplete="off" />
  return (
    <FieldFrame {...props}>
      <ComboboxField
        id={name}
        name={name}
        required={required}
        value={value ?? ''}
        placeholder={placeholder}
        label={label}
        many={many}
        options={options}
        described={describedBy(props)}
        invalid={Boolean(error)}
      />
    </FieldFrame>
  )
}

type ComboboxProps = {
  id: string
  name?: string
  required?: boolean
  value: string
  placeholder?: string
  label: string
  many: string
  options: string
  described: string | undefined
  invalid: boolean
  /** Whether more than one is chosen from its list. */
  several?: boolean
}

export function ComboboxField({
  id,
  name,
  required,
  value,
  placeholder,
  label,
  many,
  options,
  described,
  invalid,
  several,
}: ComboboxProps) {
  return (
    <div class={name ? 'combobox' : 'combobox needs-script'}>
      <input
        id={id}
        name={name}
        required={required}
        role="combobox"
        type="text"
        value={value}
        placeholder={placeholder}
        aria-expanded="false"
        aria-autocomplete="list"
        aria-controls={`${id}-options`}
        aria-describedby={described}
        aria-invalid={invalid ? 'true' : undefined}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        data-options={options}
        data-many={many}
      />
      <div
        id={`${id}-options`}
        class="options"
        role="listbox"
        aria-label={label}
        aria-multiselectable={several ? 'true' : undefined}
        hidden
      />
      <p class="unseen" role="status" />
    </div>
  )
}

function Plain({ name, label, value, chosen, none, many, find, words, found, required }: PickerProps) {
  const others = found?.options.filter(({ id }) => id !== value) ?? []
  const box = { type: 'radio', name } as const
  return (
    <fieldset class="without-script picker-plain">
      <legend>
        {label}
        {required ? null : <span class="optional"> optional</span>}
      </legend>
      {required && !value ? null : (
        <Box {...box} id={`${name}-none`} value="" label={none} checked={value === ''} />
      )}
      {value ? <Box {...box} id={`${name}-${value}`} value={value} label={chosen} checked /> : null}
      {others.map(({ id, name: label, hint }) => (
        <Box {...box} id={`${name}-${id}`} value={id} label={label} hint={hint} />
      ))}
      <SaveUnseen />
      <PlainSearch field={name} many={many} find={find} words={words} found={found} shown={others.length} />
    </fieldset>
  )
}

/** Enter elsewhere in the form saves it: the first button is the one that is meant then. */
export const SaveUnseen = () => (
  <button type="submit" class="without-script unseen" tabindex={-1}>
    Save
  </button>
)

type PlainSearchProps = Pick<PickerProps, 'many' | 'find' | 'words' | 'found'> & {
  /** Name of the field that it is for. */
  field: string
  shown: number
}

/** The search step of a form without a script, below what the last one found. */
export function PlainSearch({ field, many, find, words, found, shown }: PlainSearchProps) {
  return (
    <>
      {found ? (
        <p class="hint" role="status">
          {shown
            ? found.more
              ? 'There are more: search for further words.'
              : null
            : `No ${many} match “${found.q}”.`}
        </p>
      ) : null}
      <div class="fields-in-line">
        <input
          type="search"
          name={find}
          value={words}
          aria-label={`Search ${many}`}
          maxlength={200}
          autocomplete="off"
        />
        <button type="submit" class="button plain" name="find" value={field} formnovalidate>
          Search {many}
        </button>
      </div>
    </>
  )
}
