import { capital, type Noun, number } from '#src/locale/noun.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Hidden, writing } from '#src/ui/form.tsx'
import { Icon } from '#src/ui/icon.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'

export interface RefusedRow {
  id: string
  title: string
  href?: string
  reason: string
}

export interface BulkResultProps {
  /** What was done, and how many were so already: '2 people disabled', '3 already disabled'. */
  fared: readonly string[]
  noun: Noun
  refused: readonly RefusedRow[]
  back: { label: string; href: string }
  /** Where the same is asked again, with what was sent beside the ids. */
  again?: { action: string; csrfToken: string; fields: Record<string, string> }
}

const columnsFor = ({ one }: Noun): Column<RefusedRow>[] => [
  { key: 'title', label: capital(one), href: ({ href }) => href ?? null, cell: ({ title }) => title },
  { key: 'reason', label: 'Reason', cell: ({ reason }) => reason },
]

/** How each row fared: done, or refused with its reason. */
export function BulkResult({ fared, noun, refused, back, again }: BulkResultProps) {
  return (
    <>
      <ul class="outcome">
        {fared.map((line) => (
          <li class="good">
            <Icon name="circle-check" />
            {line}
          </li>
        ))}
        {refused.length ? (
          <li class="bad">
            <Icon name="ban" />
            {number(refused.length)} failed
          </li>
        ) : null}
      </ul>
      {refused.length ? (
        <Panel title="Failed">
          <Table
            label="Failed, with reasons"
            columns={columnsFor(noun)}
            rows={refused}
            rowKey={({ id }) => id}
            listUrl={() => back.href}
            empty={null}
          />
        </Panel>
      ) : null}
      <div class="form-actions">
        {again && refused.length ? <Again {...again} refused={refused} /> : null}
        <ButtonLink kind={refused.length ? 'plain' : 'primary'} href={back.href}>
          {back.label}
        </ButtonLink>
      </div>
    </>
  )
}

function Again({
  action,
  csrfToken,
  fields,
  refused,
}: Required<BulkResultProps>['again'] & Pick<BulkResultProps, 'refused'>) {
  return (
    <form method="post" action={action} {...writing}>
      <Hidden csrfToken={csrfToken} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {refused.map(({ id }) => (
        <input type="hidden" name="ids" value={id} />
      ))}
      <Button kind="primary" icon="rotate-ccw">
        Retry {number(refused.length)} failed
      </Button>
    </form>
  )
}
