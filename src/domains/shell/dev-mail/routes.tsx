import { keptMail, keptMails } from '#src/domains/shell/dev-mail/queries.ts'
import { KeptMail, KeptMails } from '#src/domains/shell/dev-mail/views.tsx'
import { notFound } from '#src/errors.ts'
import { everybody, get, type Services } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

const developers = everybody('only where ENVIRONMENT is development, for people who reset their password')

const developing = ({ services: { config } }: { services: Services }) => {
  if (config.ENVIRONMENT !== 'development') throw notFound()
  return config
}

/** Mail that was kept because there is no mail server. */
export const devMailRoutes = [
  get(paths.devMails, developers, { only: 'page' }, async (call) => {
    const mails = await keptMails(call.db, developing(call))
    const subtitle = 'Kept here because no mail server is set (SMTP_URL); in development only.'
    return {
      screen: (frame) => ({
        title: 'Mail',
        subtitle,
        children: <KeptMails frame={frame} mails={mails} />,
      }),
    }
  }),
  get(paths.devMail(':id'), developers, { only: 'page' }, async (call) => {
    const mail = await keptMail(call.db, developing(call), call.id())
    if (!mail) throw notFound()
    return {
      screen: (frame) => ({
        title: mail.message.subject,
        breadcrumbs: [{ label: 'Mail', href: frame.path(paths.devMails) }],
        children: <KeptMail frame={frame} mail={mail} />,
      }),
    }
  }),
]
