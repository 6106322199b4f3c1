import { describedBy, FieldFrame, type Labelled } from '#src/ui/field.tsx'
import { Icon } from '#src/ui/icon.tsx'

export interface FileFieldProps extends Labelled {
  accept?: string
}

/** A place to drop a file on: the input itself fills it, so that dropping needs no script. */
export function FileField(props: FileFieldProps) {
  const { name, error, required, disabled, accept } = props
  return (
    <FieldFrame {...props}>
      <div class="drop">
        <Icon name="upload" />
        <input
          type="file"
          id={name}
          name={name}
          accept={accept}
          required={required}
          disabled={disabled}
          aria-describedby={describedBy(props)}
          aria-invalid={error ? 'true' : undefined}
        />
      </div>
    </FieldFrame>
  )
}
