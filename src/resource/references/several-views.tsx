import { dropName, findName, KEEP } from '#src/http/search-step.ts'
import type { Several } from '#src/resource/references/several.ts'
import { CheckboxGroup } from '#src/ui/checkbox.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { MultiPicker } from '#src/ui/multi-picker.tsx'

type SeveralFieldProps = {
  name: string
  label: string
  hint?: string
  error?: string
  several: Several | undefined
  frame: Frame
  /** Whether an empty selection must be sent: for an existing record, not for a new one. */
  changes?: boolean
}

/** Selects several records: checkboxes if all fit, else a search; nothing if there is nothing to choose. */
export function SeveralField({ several, frame, changes, ...shared }: SeveralFieldProps) {
  if (!several) return null
  const { chosen, few, options, ...search } = several
  const empty = changes ? <input type="hidden" name={shared.name} value="" /> : null
  if (options !== null)
    return (
      <>
        {empty}
        <MultiPicker
          {...shared}
          {...search}
          chosen={chosen}
          options={frame.path(options)}
          find={findName(shared.name)}
          drop={dropName(shared.name)}
          keep={KEEP}
        />
      </>
    )
  const others = chosen.filter(({ id }) => !few?.some((one) => one.id === id))
  const boxes = [...others.map((one) => ({ ...one, hint: null })), ...(few ?? [])]
  if (!boxes.length) return empty
  return (
    <>
      {empty}
      <CheckboxGroup
        name={shared.name}
        legend={shared.label}
        hint={shared.hint}
        error={shared.error}
        options={boxes.map(({ id, name, hint }) => ({ value: id, label: name, hint }))}
        values={chosen.map(({ id }) => id)}
      />
    </>
  )
}
