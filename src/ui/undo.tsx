import { Button } from '#src/ui/button.tsx'
import { Hidden, writing } from '#src/ui/form.tsx'
import type { Undo as UndoProps } from '#src/ui/frame.ts'

/** What was just done, and the way to take it back: stays until the next page, unlike a toast. */
export function Undo({ action, back, text, csrfToken }: UndoProps & { text: string; csrfToken: string }) {
  return (
    <div class="undo" data-result={text}>
      <p>{text}</p>
      <form method="post" action={action} {...writing}>
        <Hidden csrfToken={csrfToken} />
        <input type="hidden" name="back" value={back} />
        <Button icon="rotate-ccw">Undo</Button>
      </form>
    </div>
  )
}
