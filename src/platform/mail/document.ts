import type { Around, Block, Language, Letter } from '#src/platform/mail/letter.ts'
import { oneLine } from '#src/platform/mail/line.ts'
import { html, type Markup } from '#src/ui/html.ts'

const plain = (block: Block) =>
  'button' in block ? `${block.button}:\n${block.url}` : 'text' in block ? block.text : block.note

const from = ({ organization, appName }: Around) => oneLine(organization ?? appName)

/** The letter as text. */
export const textOf = (letter: Letter, around: Around) =>
  [...letter.body.map(plain), `-- \n${from(around)}\n${around.link('/')}\n`].join('\n\n')

/**
 * The letter as HTML. Mail programs share no support for style sheets, so it uses attributes and tables, and no
 * `style`, which the content security policy would block where a mail is shown.
 */
export const htmlOf = (letter: Letter, around: Around, language: Language) =>
  html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${oneLine(letter.subject)}</title>
</head>
<body bgcolor="#f1f3f5" text="#1c2024" link="#0b57d0">
<table role="presentation" width="100%" cellpadding="24" cellspacing="0" bgcolor="#f1f3f5"><tr><td align="center">
<table role="presentation" width="560" cellpadding="24" cellspacing="0" bgcolor="#ffffff"><tr><td align="left">
<font face="Helvetica, Arial, sans-serif" size="3">
<p><font size="2" color="#60646c">${from(around)}</font></p>
${letter.body.map(Part)}
</font>
</td></tr></table>
<p><font face="Helvetica, Arial, sans-serif" size="2" color="#60646c"><a href="${around.link('/')}" target="_blank">${oneLine(around.appName)}</a></font></p>
</td></tr></table>
</body>
</html>
`.toString()

function Part(block: Block): Markup {
  if ('text' in block) return html`<p>${block.text}</p>`
  if ('note' in block) return html`<p><font size="2" color="#60646c">${block.note}</font></p>`
  return html`<table role="presentation" cellpadding="12" cellspacing="0"><tr><td bgcolor="#0b57d0" align="center"><a href="${block.url}" target="_blank"><font color="#ffffff"><b>${block.button}</b></font></a></td></tr></table>
<p><font size="2" color="#60646c">${block.url}</font></p>`
}
