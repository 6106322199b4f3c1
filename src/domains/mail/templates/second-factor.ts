import { z } from 'zod'
import { told } from '#src/domains/mail/templates/link.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const happenings = ['on', 'off', 'codes', 'used', 'reset'] as const

const said: Record<(typeof happenings)[number], { subject: string; text: string }> = {
  on: {
    subject: 'now asks for a second factor',
    text: 'signs in with a code of an app from now on. You were signed out everywhere else.',
  },
  off: {
    subject: 'no longer asks for a second factor',
    text: 'signs in with the password alone from now on. You were signed out everywhere else.',
  },
  codes: {
    subject: 'has new recovery codes for you',
    text: 'has new recovery codes. Those from before no longer work.',
  },
  used: { subject: 'was entered by a recovery code', text: 'used a recovery code, which no longer works.' },
  reset: {
    subject: 'no longer asks for a second factor',
    text: 'has no second factor any more: an administrator took it away. You were signed out everywhere.',
  },
}

/** Of everything that happens to a second factor its person is told. */
export const secondFactor = defineMail({
  name: 'second-factor',
  to: 'account',
  data: z.strictObject({ what: z.enum(happenings) }),
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, link, made, data: { what } }) => ({
      subject: `${appName} ${said[what].subject}`,
      body: [
        { text: `${made.username} ${said[what].text}` },
        { text: 'If this was not you, choose another password at once: somebody knows yours.' },
        { button: 'I forgot my password', url: link(paths.forgotPassword) },
      ],
    }),
  },
})
