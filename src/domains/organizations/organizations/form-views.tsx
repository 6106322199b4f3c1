import type { OrganizationRecord } from '#src/domains/organizations/organizations/model.ts'
import type { May } from '#src/domains/organizations/organizations/views.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { LastChange } from '#src/resource/history/query.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Conflict } from '#src/ui/conflict.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Fieldset, Form, fieldsOf, refusalErrors, versionFor } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

export function newScreen(frame: Frame, passwordRules: string, refusal?: Refusal): Screen {
  const { path, csrfToken } = frame
  const field = fieldsOf(refusal)
  return {
    title: 'Add organization',
    subtitle: 'It starts with its owner and the built-in roles.',
    breadcrumbs: [{ label: 'Organizations', href: path(paths.organizations) }],
    children: (
      <Panel>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={path(paths.organizations)} csrfToken={csrfToken}>
          <Fieldset legend="Organization">
            <Field {...field('name')} label="Name" required maxlength={100} autocomplete="off" />
            <Field
              {...field('slug')}
              label="Short name"
              hint="Lower-case letters, digits and dashes. Leave empty to make one from the name."
              maxlength={63}
              autocomplete="off"
            />
          </Fieldset>
          <Fieldset legend="Owner">
            <Field {...field('owner_username')} label="User name" required autocomplete="off" />
            <Field {...field('owner_email')} label="E-mail" type="email" required autocomplete="off" />
            <Field
              name="owner_password"
              label="Password"
              type="password"
              hint={`Leave empty to send the owner an invitation. ${passwordRules}`}
              error={field('owner_password').error}
              autocomplete="new-password"
            />
          </Fieldset>
          <Actions>
            <Button kind="primary">Add organization</Button>
            <ButtonLink href={path(paths.organizations)}>Cancel</ButtonLink>
          </Actions>
        </Form>
      </Panel>
    ),
  }
}

const labels = { name: 'Name', slug: 'Short name', status: 'Status' } as const

export function editScreen(
  organization: OrganizationRecord,
  may: May,
  frame: Frame,
  refusal?: Refusal,
  changed?: LastChange | null,
): Screen {
  const path = frame.path(paths.organization(organization.id))
  return {
    title: `Edit ${organization.name}`,
    breadcrumbs: [
      { label: 'Organizations', href: frame.path(paths.organizations) },
      { label: organization.name, href: path },
    ],
    children:
      refusal?.status === 412 ? (
        <Conflict
          action={path}
          csrfToken={frame.csrfToken}
          version={organization.version}
          fields={differing(organization, refusal.input)}
          changed={changed}
          clock={frame.clock}
          cancel={path}
        />
      ) : (
        <Panel>
          <ErrorSummary errors={refusalErrors(refusal)} />
          <Form
            action={path}
            method="patch"
            csrfToken={frame.csrfToken}
            version={versionFor(refusal, organization)}
          >
            <EditFields field={fieldsOf(refusal, organization)} may={may} />
            <Actions>
              <Button kind="primary">Save</Button>
              <ButtonLink href={path}>Cancel</ButtonLink>
            </Actions>
          </Form>
        </Panel>
      ),
  }
}

const differing = (organization: OrganizationRecord, input: Record<string, unknown>) =>
  (Object.keys(labels) as (keyof typeof labels)[])
    .filter((name) => typeof input[name] === 'string')
    .map((name) => ({
      name,
      label: labels[name],
      mine: input[name] as string,
      theirs: organization[name],
    }))

function EditFields({ field, may }: { field: ReturnType<typeof fieldsOf>; may: May }) {
  return (
    <>
      <Field {...field('name')} label={labels.name} required maxlength={100} autocomplete="off" />
      {may.manage ? (
        <Field
          {...field('slug')}
          label={labels.slug}
          hint="People can use it to sign in: tell them before you change it."
          required
          maxlength={63}
          autocomplete="off"
        />
      ) : null}
    </>
  )
}
