/**
 * Long work in small steps: a generator that yields between them, so that whoever must not block for long does other things in between, and
 * everybody else runs it to its end at once. Pure where its steps are: when they are done changes nothing of what comes out.
 */

/** Yields nothing; returns what came of it. A step is well under a millisecond unless its maker says otherwise. */
export type Steps<T> = Generator<undefined, T, undefined>

/** All of it at once. */
export const finish = <T>(steps: Steps<T>): T => {
  for (;;) {
    const next = steps.next()
    if (next.done === true) return next.value
  }
}
