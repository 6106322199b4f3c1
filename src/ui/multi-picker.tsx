import { Box } from '#src/ui/choice.tsx'
import { describedBy, FieldMessage, type Labelled } from '#src/ui/field.tsx'
import { Icon } from '#src/ui/icon.tsx'
import { ComboboxField, type FoundOptions, PlainSearch, SaveUnseen } from '#src/ui/picker.tsx'

type Named = { id: string; name: string }

export interface MultiPickerProps extends Labelled {
  chosen: readonly Named[]
  /** Where options are asked for, with the URL prefix. */
  options: string
  many: string
  /** Names of the fields that a step without a script is sent by: to search, to take out, to keep what is ticked. */
  find: string
  drop: string
  keep: string
  words: string
  found: FoundOptions | null
}

/**
 * Several records of many: a chip for each that is chosen, and a combobox that adds to them (js/combobox.js); without a
 * script a search step, with what it found as boxes. Sent is what boxes of that name would send.
 */
export function MultiPicker(props: MultiPickerProps) {
  const { name, label, hint, error, required, chosen, many, options, drop } = props
  return (
    <div class="field picker" data-picker={name} data-several>
      <SaveUnseen />
      <label for={name}>
        {label}
        {required ? null : <span class="optional"> optional</span>}
      </label>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <ul class="picked" aria-label={`${label}: chosen`}>
        {chosen.map((one) => (
          <Chip {...one} field={name} drop={drop} />
        ))}
      </ul>
      <template>
        <Chip id="" name="" drop={drop} />
      </template>
      <ComboboxField
        id={name}
        value=""
        placeholder={`Search ${many}`}
        label={label}
        many={many}
        options={options}
        described={describedBy(props)}
        invalid={Boolean(error)}
        several
      />
      <Plain {...props} />
      <FieldMessage name={name} error={error} />
    </div>
  )
}

/** What is chosen; without a script its button is a step of the form. */
const Chip = ({ id, name, field, drop }: Named & { field?: string; drop: string }) => (
  <li>
    <span>{name}</span>
    <input type="hidden" name={field} value={id} />
    <button type="submit" name={drop} value={id} formnovalidate aria-label={`Remove ${name}`}>
      <Icon name="x" />
    </button>
  </li>
)

function Plain({ name, label, chosen, many, find, keep, words, found }: MultiPickerProps) {
  const others = found?.options.filter(({ id }) => !chosen.some((one) => one.id === id)) ?? []
  return (
    <fieldset class="without-script picker-plain">
      <legend class="unseen">{label}</legend>
      {others.map(({ id, name: label, hint }) => (
        <Box type="checkbox" name={name} id={`${name}-${id}`} value={id} label={label} hint={hint} />
      ))}
      {others.length ? (
        <button type="submit" class="button plain" name={keep} value={name} formnovalidate>
          Add to {label.toLowerCase()}
        </button>
      ) : null}
      <PlainSearch
        field={name}
        many={many}
        find={find}
        words={words}
        found={found}
        shown={found?.options.length ?? 0}
      />
    </fieldset>
  )
}
