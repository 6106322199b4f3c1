import { z } from 'zod'
import { told } from '#src/domains/accounts/letters.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const happenings = ['on', 'off', 'codes', 'used', 'reset'] as const

const said: Record<(typeof happenings)[number], { subject: string; text: string }> = {
  on: {
    subject: 'now asks for a code when you sign in',
    text: 'now signs in with a code from an app. All other sessions were signed out.',
  },
  off: {
    subject: 'no longer asks for a code when you sign in',
    text: 'now signs in with the password alone. All other sessions were signed out.',
  },
  codes: {
    subject: 'has new recovery codes for you',
    text: 'has new recovery codes. The previous ones no longer work.',
  },
  used: { subject: 'was opened with a recovery code', text: 'used a recovery code, which no longer works.' },
  reset: {
    subject: 'no longer asks for a code when you sign in',
    text: 'no longer has two-step verification: an administrator removed it. All sessions were signed out.',
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
        { text: 'If that wasn’t you, choose a new password now: someone knows yours.' },
        { button: 'Reset password', url: link(paths.forgotPassword) },
      ],
    }),
  },
})
