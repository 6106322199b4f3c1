import { z } from 'zod'
import { linked, nothing, told } from '#src/domains/accounts/letters.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const ignore = 'If you weren’t expecting this, ignore this e-mail.'

const register = defineMail({
  name: 'register',
  to: 'organization',
  data: z.strictObject({ registration: z.guid() }),
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Welcome to ${appName}`,
      body: [
        { text: `Someone registered as ${made.username} with this e-mail address.` },
        { button: 'Confirm address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works for 24 hours, with the password you chose. ${ignore}` },
      ],
    }),
  },
})

const verifyEmail = defineMail({
  name: 'verify-email',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Confirm your e-mail address for ${appName}`,
      body: [
        { text: `${made.username} entered this as their e-mail address.` },
        { button: 'Confirm address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works once, for 24 hours, with your password. ${ignore}` },
      ],
    }),
  },
})

const changeEmail = defineMail({
  name: 'change-email',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Confirm your new e-mail address for ${appName}`,
      body: [
        { text: `${made.username} is changing to this e-mail address.` },
        { button: 'Confirm address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works once, for an hour, with your password. ${ignore}` },
      ],
    }),
  },
})

const emailChanging = defineMail({
  name: 'email-changing',
  to: 'account',
  data: z.strictObject({ mail: z.guid().nullable(), proved: z.boolean() }),
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Your e-mail address for ${appName} is about to change`,
      body: [
        {
          text: `${made.username} asked to change this e-mail address to ${made.newEmail ?? 'a new one'}. It changes once the link we sent there is used.`,
        },
        {
          text: 'If that wasn’t you, someone knows your password. Keep this address and choose a new password:',
        },
        { button: 'Keep this address', url: link(paths.undoEmail(made.token)) },
        { note: 'The link works once, for 7 days. If that was you, ignore this e-mail.' },
      ],
    }),
  },
})

const emailChanged = defineMail({
  name: 'email-changed',
  to: 'account',
  data: nothing,
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, made }) => ({
      subject: `Your e-mail address for ${appName} was changed`,
      body: [
        {
          text: `An administrator of your organization changed the e-mail address of ${made.username}. Mail no longer comes here.`,
        },
        { note: 'If you weren’t expecting this, ask your administrator.' },
      ],
    }),
  },
})

const emailKnown = defineMail({
  name: 'address-known',
  to: 'account',
  data: nothing,
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `You have an account with ${appName}`,
      body: [
        {
          text: `Someone entered this e-mail address to register or to use it for a different account. It already belongs to ${made.username}, so nothing changed.`,
        },
        { button: 'Sign in', url: link(paths.login) },
        { text: 'If you forgot your password, you can reset it there.' },
        { note: ignore },
      ],
    }),
  },
})

export const accountMails = [register, verifyEmail, changeEmail, emailChanging, emailChanged, emailKnown]
