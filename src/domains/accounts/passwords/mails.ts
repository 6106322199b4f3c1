import { linked, nothing, told } from '#src/domains/accounts/letters.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const notYou = 'If that wasn’t you, choose a new password now: someone knows yours.'

const resetPassword = defineMail({
  name: 'reset-password',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Reset your ${appName} password`,
      body: [
        { text: `Someone asked to reset the password of ${made.username}.` },
        { button: 'Reset password', url: link(paths.resetPassword(made.token)) },
        { note: 'The link works once, for an hour. If that wasn’t you, ignore this e-mail.' },
      ],
    }),
  },
})

const passwordChanged = defineMail({
  name: 'password-changed',
  to: 'account',
  data: nothing,
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Your ${appName} password was changed`,
      body: [
        { text: `The password of ${made.username} was changed. All other sessions were signed out.` },
        { text: notYou },
        { button: 'Reset password', url: link(paths.forgotPassword) },
      ],
    }),
  },
})

const accountLocked = defineMail({
  name: 'account-locked',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Too many failed sign-ins to ${appName}`,
      body: [
        {
          text: `After too many failed sign-ins, ${made.username} is locked for a while. Browsers you used before still work.`,
        },
        { text: 'If that was you, unlock it to try again now:' },
        { button: 'Unlock', url: link(paths.unlock(made.token)) },
        { note: 'The link works once, for an hour. If that wasn’t you, ignore this e-mail.' },
      ],
    }),
  },
})

export const passwordMails = [resetPassword, passwordChanged, accountLocked]
