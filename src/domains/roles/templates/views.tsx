import { paths } from '#src/paths.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, type Refused, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'

type Option = { value: string; label: string }

type Short = { frame: Frame; refusal?: Refused }

export function TemplateForm({ frame, refusal, templates }: Short & { templates: readonly Option[] }) {
  const field = fieldsOf(refusal)
  return (
    <ShortForm frame={frame} refusal={refusal} action={paths.roleFromTemplate}>
      <Select {...field('template')} label="Template" required options={templates} />
      <Field
        {...field('name')}
        label="Name"
        hint="Leave empty to use the template’s name."
        autocomplete="off"
      />
    </ShortForm>
  )
}

export const MinimalForm = ({ frame, refusal }: Short) => (
  <ShortForm frame={frame} refusal={refusal} action={paths.createMinimalRole}>
    <Field {...fieldsOf(refusal)('name')} label="Name" required autocomplete="off" />
  </ShortForm>
)

function ShortForm({ frame, refusal, action, children }: Short & { action: string; children?: Child }) {
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(action)} csrfToken={frame.csrfToken}>
        {children}
        <Actions>
          <Button kind="primary">Add role</Button>
          <ButtonLink href={frame.path(paths.roles)}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}
