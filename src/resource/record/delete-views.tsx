import type { Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import { ConfirmSheet } from '#src/ui/confirm-sheet.tsx'
import type { Frame } from '#src/ui/frame.ts'

export type DeleteProps = {
  resource: Resource
  id: string
  version: number
  /** Null for someone who can delete it but can’t read it. */
  name: string | null
  /** What people lose with it. */
  impact: string | null
  /** Query string of the list to go back to. */
  back: string | undefined
  frame: Frame
}

/** Asks before a record is deleted, and says what is lost with it. */
export function deleteScreen({ resource, id, version, name, impact, back, frame }: DeleteProps): Screen {
  const { one, many } = resource.declared
  const places = pathsOf(resource.path)
  const kept = resource.soft ? `The ${one} can be restored.` : 'This can’t be undone.'
  const record = frame.path(name ? places.one(id) : '/')
  return {
    title: `Delete ${name || `this ${one}`}?`,
    breadcrumbs: [
      { label: capital(many), href: frame.path(places.list) },
      ...(name ? [{ label: name, href: record }] : []),
    ],
    children: (
      <ConfirmSheet
        action={frame.path(places.one(id))}
        method="delete"
        csrfToken={frame.csrfToken}
        version={version}
        fields={back ? [['back', back]] : []}
        consequence={[impact, kept].filter(Boolean).join(' ')}
        button={`Delete ${one}`}
        icon="trash-2"
        danger
        back={record}
      />
    ),
  }
}
