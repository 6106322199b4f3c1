import { linked, nothing, told } from '#src/domains/mail/templates/link.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const notYou = 'If this was not you, choose another password at once: somebody knows yours.'

const resetPassword = defineMail({
  name: 'reset-password',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Choose another password for ${appName}`,
      body: [
        { text: `Somebody, hopefully you, asked for another password for ${made.username}.` },
        { button: 'Choose a password', url: link(paths.resetPassword(made.token)) },
        { note: 'The link works once, for an hour. If it was not you, there is nothing to do.' },
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
      subject: `Your password for ${appName} was changed`,
      body: [
        { text: `${made.username} has another password now. You were signed out everywhere else.` },
        { text: notYou },
        { button: 'I forgot my password', url: link(paths.forgotPassword) },
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
      subject: `Too many wrong passwords for ${appName}`,
      body: [
        {
          text: `Somebody entered so many wrong passwords for ${made.username} that nobody can sign in with it for a while. Browsers in which you signed in before still can.`,
        },
        { text: 'If it was you, this lets you try again at once:' },
        { button: 'Unlock', url: link(paths.unlock(made.token)) },
        { note: 'The link works once, for an hour. If it was not you, there is nothing to do.' },
      ],
    }),
  },
})

export const passwordMails = [resetPassword, passwordChanged, accountLocked]
