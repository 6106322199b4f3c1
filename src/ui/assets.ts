// What the server joins into css/app.css and js/app.js, in this order. A script stands alone (no import, no
// export), so that each can be put in a block of its own: `{ … }`.
export const stylesheets = [
  'css/tokens.css',
  'css/base.css',
  'css/layout.css',
  'css/banner.css',
  'css/button.css',
  'css/form.css',
  'css/line.css',
  'css/import.css',
  'css/picker.css',
  'css/toolbar.css',
  'css/tabs.css',
  'css/table.css',
  'css/bulk.css',
  'css/pager.css',
  'css/surface.css',
  'css/history.css',
  'css/tree.css',
  'css/why.css',
  'css/matrix.css',
  'css/roles.css',
  'css/feedback.css',
  'css/dialog.css',
  'css/palette.css',
  'css/visitor.css',
  'css/second-factor.css',
  'css/secret.css',
] as const

export const scripts = [
  'js/theme.js',
  'js/navigation.js',
  // fills the question that confirm.js asks
  'js/select.js',
  'js/confirm.js',
  // before the form counts as sent
  'js/combobox.js',
  'js/form.js',
  'js/sending.js',
  'js/time.js',
  'js/matrix.js',
  'js/facets.js',
  'js/copy.js',
  'js/shortcut.js',
  'js/palette.js',
  'js/notice.js',
] as const
