import { Box } from '#src/ui/choice.tsx'
import { FieldMessage } from '#src/ui/field.tsx'
import { Fieldset } from '#src/ui/form.tsx'

interface PermissionBoxesProps {
  hint: string
  /** Whole permissions, `model:action:scope`, with their words and those of their model. */
  options: readonly { value: string; label: string; model: string }[]
  values: readonly string[]
  error?: string
}

/** A box a permission, folded by model; open where one is ticked. */
export function PermissionBoxes({ hint, options, values, error }: PermissionBoxesProps) {
  const models = Map.groupBy(options, ({ model }) => model)
  return (
    <div id="permissions" tabindex={-1}>
      <Fieldset legend="Permissions" hint={hint}>
        <input type="hidden" name="permissions" value="" />
        <FieldMessage name="permissions" error={error} />
        <div class="folds">
          {[...models].map(([model, own]) => {
            const ticked = own.filter(({ value }) => values.includes(value)).length
            return (
              <details open={ticked > 0}>
                <summary>
                  {model} <span class="count">{`${ticked} of ${own.length}`}</span>
                </summary>
                <div class="choices">
                  {own.map(({ value, label }) => (
                    <Box
                      type="checkbox"
                      id={`permission-${value}`}
                      name="permissions"
                      value={value}
                      label={
                        <>
                          {label} <code class="nothing">{value}</code>
                        </>
                      }
                      checked={values.includes(value)}
                    />
                  ))}
                </div>
              </details>
            )
          })}
        </div>
      </Fieldset>
    </div>
  )
}
