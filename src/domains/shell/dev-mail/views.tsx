import type { Kept } from '#src/domains/shell/dev-mail/queries.ts'
import { paths } from '#src/paths.ts'
import { EmptyState, Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { html } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

export function KeptMails({ frame, mails }: { frame: Frame; mails: readonly Kept[] }) {
  const columns: Column<Kept>[] = [
    {
      key: 'subject',
      label: 'Subject',
      href: ({ id }) => frame.path(paths.devMail(id)),
      cell: ({ message }) => message.subject,
    },
    { key: 'to', label: 'To', cell: ({ message }) => message.to },
    { key: 'template', label: 'Kind', cell: ({ template }) => template },
    { key: 'at', label: 'Queued', cell: ({ at }) => <Time at={at} clock={frame.clock} /> },
  ]
  const empty = <EmptyState title="No mail yet" text="Mail that would be sent shows up here." />
  return Table({
    label: 'Mails',
    columns,
    rows: mails,
    rowKey: ({ id }) => id,
    listUrl: () => paths.devMails,
    empty,
  })
}

export function KeptMail({ frame, mail: { message, template, at } }: { frame: Frame; mail: Kept }) {
  return (
    <>
      <Panel>
        <Facts
          items={[
            { label: 'To', value: message.to },
            { label: 'From', value: `${message.from.name} <${message.from.address}>` },
            { label: 'Kind', value: template },
            { label: 'Queued', value: <Time at={at} clock={frame.clock} /> },
            { label: 'Message-ID', value: message.messageId },
          ]}
        />
      </Panel>
      <Panel title="As text">
        <pre>{linked(message.text)}</pre>
      </Panel>
      <Panel title="As HTML">{framed(message.html)}</Panel>
    </>
  )
}

const linked = (text: string) =>
  text.split(/(https?:\/\/\S+)/).map((part, i) => (i % 2 ? <a href={part}>{part}</a> : part))

/** Nothing runs in there, and it inherits this page's policy; a link opens a window of its own. */
const framed = (content: string) =>
  html`<iframe title="The mail" width="100%" height="560" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${content}"></iframe>`
